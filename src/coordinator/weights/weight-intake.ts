import { createHash } from "node:crypto";

/** Weights that come in pieces: each is summed up when it comes, so that little is left to do when the last one is here. */
export class WeightIntake {
  readonly bytes: Uint8Array;
  readonly #hash = createHash("sha256");
  #filled = 0;

  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes);
  }

  /** Where the next piece begins. */
  get filled(): number {
    return this.#filled;
  }

  get isWhole(): boolean {
    return this.#filled === this.bytes.length;
  }

  /** False when there is no room for it. */
  add(piece: Uint8Array): boolean {
    if (this.#filled + piece.length > this.bytes.length) return false;
    this.bytes.set(piece, this.#filled);
    this.#filled += piece.length;
    this.#hash.update(piece);
    return true;
  }

  /** Of all pieces; once. */
  sha256(): string {
    return this.#hash.digest("hex");
  }
}
