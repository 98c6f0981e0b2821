/** Before each frame: its length and a word of ours, by which other bytes are told apart; little-endian, 4 bytes each. */
export const HEAD_BYTES = 8;
const MARK = 0x676e_6964;

/** Views of numbers must lie at a multiple of their size. */
const ALIGNMENT_BYTES = 8;

/** Writes the head of a frame of so many bytes. */
export function putHead(target: Uint8Array, frameBytes: number): void {
  for (let index = 0; index < 4; index++) {
    target[index] = frameBytes >>> (8 * index);
    target[4 + index] = MARK >>> (8 * index);
  }
}

/** Finds whole frames in a stream of bytes that comes in pieces of any size. */
export class FrameStream {
  readonly #onFrame: (frame: Uint8Array) => void;
  /** What has come of a head, and how much of it. */
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headBytes = 0;
  /** A frame of which only a part has come, and how much. */
  #frame: Uint8Array | undefined;
  #frameBytes = 0;

  constructor(onFrame: (frame: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  /** Gives out the frames that end in this piece, of which it keeps views; false for other bytes than frames. */
  add(piece: Uint8Array): boolean {
    let at = 0;
    while (at >= 0 && at < piece.length) {
      at = this.#frame ? this.#fill(piece, at) : this.#begin(piece, at);
    }
    return at >= 0;
  }

  #begin(piece: Uint8Array, at: number): number {
    if (this.#headBytes === 0 && piece.length - at >= HEAD_BYTES) {
      return this.#open(piece, at + HEAD_BYTES, lengthAt(piece, at));
    }
    const end = Math.min(piece.length, at + HEAD_BYTES - this.#headBytes);
    this.#head.set(piece.subarray(at, end), this.#headBytes);
    this.#headBytes += end - at;
    if (this.#headBytes < HEAD_BYTES) return end;
    this.#headBytes = 0;
    return this.#open(piece, end, lengthAt(this.#head, 0));
  }

  /** The frame begins here: it is in this piece, or its memory is made. */
  #open(piece: Uint8Array, at: number, length: number): number {
    if (length < 0) return -1;
    const end = at + length;
    if (end > piece.length) {
      this.#frame = new Uint8Array(length);
      this.#frameBytes = 0;
      return at;
    }
    const isAligned = (piece.byteOffset + at) % ALIGNMENT_BYTES === 0;
    this.#onFrame(isAligned ? piece.subarray(at, end) : copyOf(piece, at, end));
    return end;
  }

  #fill(piece: Uint8Array, at: number): number {
    const frame = this.#frame;
    if (!frame) return at;
    const end = Math.min(piece.length, at + frame.length - this.#frameBytes);
    frame.set(piece.subarray(at, end), this.#frameBytes);
    this.#frameBytes += end - at;
    if (this.#frameBytes === frame.length) {
      this.#frame = undefined;
      this.#onFrame(frame);
    }
    return end;
  }
}

/** Of its own memory; `slice` of a Buffer would be a view. */
function copyOf(piece: Uint8Array, at: number, end: number): Uint8Array {
  return new Uint8Array(piece.subarray(at, end));
}

/** -1 where no head of ours is. */
function lengthAt(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at + 4) === MARK ? wordAt(bytes, at) : -1;
}

function wordAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}
