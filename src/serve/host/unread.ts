import type { Payload } from "../inference.ts";
import { StreamWindow, TakenCount } from "../stream-window.ts";

interface Piece {
  readonly payload: Payload;
  readonly bytes: number;
}

/** The pieces of a stream that its reader has not taken; `tell` lets their maker know how many were. */
export class Unread {
  readonly #pieces: Piece[] = [];
  readonly #window = new StreamWindow();
  readonly #taken = new TakenCount();
  readonly #tell: (count: number) => void;

  constructor(tell: (count: number) => void) {
    this.#tell = tell;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** Their maker waits for the reader. */
  get isFull(): boolean {
    return this.#window.isFull;
  }

  put(payload: Payload, bytes: number): void {
    this.#pieces.push({ payload, bytes });
    this.#window.sent(bytes);
  }

  take(): Payload | undefined {
    const piece = this.#pieces.shift();
    if (!piece) return undefined;
    const due = this.#taken.add(piece.bytes);
    if (due > 0) {
      this.#window.taken(due);
      this.#tell(due);
    }
    return piece.payload;
  }

  /** Nobody reads any more. */
  clear(): void {
    this.#pieces.length = 0;
  }
}
