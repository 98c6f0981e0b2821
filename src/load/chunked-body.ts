const LINE_LIMIT_BYTES = 8_192;
const CARRIAGE_RETURN = 13;
const NEWLINE = 10;

/** Reads one body in chunks. */
export class ChunkedBody<B extends Uint8Array = Uint8Array> {
  readonly #onData: (bytes: B) => void;
  #state: "size" | "data" | "data-end" | "trailer" = "size";
  #line = "";
  #left = 0;

  /** `onData` gets what is in the chunks, piece by piece. */
  constructor(onData: (bytes: B) => void) {
    this.#onData = onData;
  }

  /** Reads on from `at`; gives where the body ended, or -1 when there is more to come. Throws on what is no chunk. */
  take(bytes: B, at: number): number {
    let next = at;
    while (next < bytes.length) {
      if (this.#state === "data") {
        const taken = Math.min(this.#left, bytes.length - next);
        this.#onData(bytes.subarray(next, next + taken) as B);
        this.#left -= taken;
        next += taken;
        if (this.#left === 0) this.#state = "data-end";
        continue;
      }
      const end = bytes.indexOf(NEWLINE, next);
      this.#line += textOf(bytes, next, end < 0 ? bytes.length : end);
      if (this.#line.length > LINE_LIMIT_BYTES) throw new Error("a line of a chunk is too long");
      if (end < 0) return -1;
      next = end + 1;
      if (this.#endLine()) return next;
    }
    return -1;
  }

  /** Was it the last line? */
  #endLine(): boolean {
    const line = this.#line;
    this.#line = "";
    if (this.#state === "trailer") return line === "";
    if (this.#state === "data-end") {
      if (line !== "") throw new Error("a chunk is longer than it says");
      this.#state = "size";
      return false;
    }
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;|$)/i.exec(line)?.[1];
    if (size === undefined) throw new Error("a chunk does not begin with its size");
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? "trailer" : "data";
    return false;
  }
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte !== CARRIAGE_RETURN) text += String.fromCharCode(byte);
    if (text.length > LINE_LIMIT_BYTES) break;
  }
  return text;
}
