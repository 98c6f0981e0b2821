import { Buffer } from "node:buffer";

/** Fields one behind the other, as the server's `struct.unpack` reads them, big-endian. Grows as needed. */
export class Blob {
  #bytes: Buffer;
  #at = 0;

  constructor(startBytes: number = 1_024) {
    this.#bytes = Buffer.allocUnsafe(startBytes);
  }

  /** What was written; nothing may be added after. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** ">I4" */
  uint32(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32BE(value, this.#at);
  }

  /** ">d" */
  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleBE(value, this.#at);
  }

  /** "c1" */
  letter(letter: string): void {
    this.#reserve(1);
    this.#at = this.#bytes.writeUInt8(letter.charCodeAt(0), this.#at);
  }

  /** ">I4c0", as UTF-8 */
  text(text: string): void {
    this.#reserve(4 + text.length * 3);
    const size = this.#bytes.write(text, this.#at + 4);
    this.#bytes.writeUInt32BE(size, this.#at);
    this.#at += 4 + size;
  }

  /** Room for so many bytes, to be filled by `fill`; gives where it is. */
  room(size: number): number {
    this.#reserve(size);
    this.#at += size;
    return this.#at - size;
  }

  /** ">I4" where there is room. */
  fill(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value, at);
  }

  /** ">I2c0" of a text, and what follows it; gives the size of all. */
  pair(text: string, data: Uint8Array): number {
    this.#reserve(2 + text.length * 3 + data.length);
    const size = this.#bytes.write(text, this.#at + 2);
    this.#bytes.writeUInt16BE(size, this.#at);
    this.#bytes.set(data, this.#at + 2 + size);
    this.#at += 2 + size + data.length;
    return 2 + size + data.length;
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#at + more));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}
