/** So far a stream may be ahead of its reader; the piece that goes beyond it is the last until the reader has taken some. */
const WINDOW = { pieces: 256, bytes: 1024 * 1024 };

/** Counts what was sent of a stream and is not taken yet; both ends do, so each knows when the other waits. Pure. */
export class StreamWindow {
  readonly #sizes: number[] = [];
  #bytes = 0;

  /** No more may be sent until some is taken. */
  get isFull(): boolean {
    return this.#sizes.length >= WINDOW.pieces || this.#bytes >= WINDOW.bytes;
  }

  sent(bytes: number): void {
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** The reader has taken so many pieces, the oldest ones. */
  taken(count: number): void {
    for (const bytes of this.#sizes.splice(0, count)) this.#bytes -= bytes;
  }
}

/** Counts what a reader takes, and says when to tell it: not of each piece, and early enough that nobody waits in vain. Pure. */
export class TakenCount {
  #pieces = 0;
  #bytes = 0;

  /** One more is taken; gives how many are to be told of now, or 0. */
  add(bytes: number): number {
    this.#pieces += 1;
    this.#bytes += bytes;
    const isDue = this.#pieces >= WINDOW.pieces / 4 || this.#bytes >= WINDOW.bytes / 4;
    if (!isDue) return 0;
    const due = this.#pieces;
    this.#pieces = 0;
    this.#bytes = 0;
    return due;
  }
}
