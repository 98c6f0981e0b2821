import { Buffer } from "node:buffer";

/** For the head of a value, and of a text that turns out shorter than it could be. */
const HEAD_BYTES = 5;
const SHORT_TEXT = 32;
const SHORT_BYTES = 32;
const MOST_DEPTH = 16;
/** Of a text's letters, in UTF-8. */
const MOST_LETTER_BYTES = 3;

/**
 * Writes plain values as msgpack right where they are to stand: numbers, texts, byte strings, lists and plain objects.
 * What it does not know, or has no room for, it leaves to the codec, which knows all.
 */
export class PlainWriter {
  bytes: Uint8Array<ArrayBuffer>;
  #buffer: Buffer;
  #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
    this.#buffer = bufferOf(bytes);
    this.#view = viewOf(bytes);
  }

  /** From now on it writes here. */
  use(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.#buffer = bufferOf(bytes);
    this.#view = viewOf(bytes);
  }

  /** Gives the place behind it; -1 when the codec must write it. */
  write(value: unknown, at: number): number {
    this.#at = at;
    return this.#write(value, 0) ? this.#at : -1;
  }

  #write(value: unknown, depth: number): boolean {
    const type = typeof value;
    if (type === "string") return this.#text(value as string);
    if (type === "number") return this.#number(value as number);
    if (type === "boolean") return this.#byte(value === true ? 0xc3 : 0xc2);
    return type === "object" && this.#object(value as object | null, depth);
  }

  #object(value: object | null, depth: number): boolean {
    if (value === null) return this.#byte(0xc0);
    if (depth >= MOST_DEPTH) return false;
    if (Array.isArray(value)) return this.#list(value, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#map(value as Record<string, unknown>, depth);
    return prototype === Uint8Array.prototype && this.#binary(value as Uint8Array);
  }

  #list(values: readonly unknown[], depth: number): boolean {
    const { length } = values;
    if (length > 15 || !this.#byte(0x90 | length)) return false;
    for (let index = 0; index < length; index++) {
      if (!this.#write(values[index], depth + 1)) return false;
    }
    return true;
  }

  #map(value: Record<string, unknown>, depth: number): boolean {
    const keys = Object.keys(value);
    if (keys.length > 15 || "toJSON" in value || !this.#byte(0x80 | keys.length)) return false;
    for (const key of keys) {
      if (!this.#text(key) || !this.#write(value[key], depth + 1)) return false;
    }
    return true;
  }

  #number(value: number): boolean {
    if (!this.#hasRoom(9)) return false;
    const { bytes } = this;
    if (value >>> 0 === value && !Object.is(value, -0)) {
      if (value < 0x80) bytes[this.#at++] = value;
      else if (value < 0x100) this.#put8(0xcc, value);
      else if (value < 0x10000) this.#put16(0xcd, value);
      else this.#put32(0xce, value);
      return true;
    }
    if (value >= -0x20 && value < 0 && Number.isInteger(value)) {
      bytes[this.#at++] = value & 0xff;
      return true;
    }
    bytes[this.#at] = 0xcb;
    this.#view.setFloat64(this.#at + 1, value);
    this.#at += 9;
    return true;
  }

  #text(text: string): boolean {
    const { length } = text;
    if (!this.#hasRoom(HEAD_BYTES + length * MOST_LETTER_BYTES)) return false;
    return length < SHORT_TEXT ? this.#shortText(text) : this.#longText(text);
  }

  /** A loop is faster than a call; letters beyond ASCII are the call's. */
  #shortText(text: string): boolean {
    const { bytes } = this;
    const start = this.#at;
    const { length } = text;
    for (let index = 0; index < length; index++) {
      const letter = text.charCodeAt(index);
      if (letter > 0x7f) return this.#longText(text);
      bytes[start + 1 + index] = letter;
    }
    bytes[start] = 0xa0 | length;
    this.#at = start + 1 + length;
    return true;
  }

  #longText(text: string): boolean {
    const start = this.#at;
    // The length of its length is guessed from its letters, and is right where all of them are ASCII.
    const most = text.length * MOST_LETTER_BYTES;
    const head = text.length < 0x100 && most >= 32 ? 2 : most < 32 ? 1 : 3;
    if (head === 3 && most >= 0x10000) return false;
    const length = this.#buffer.write(text, start + head, "utf8");
    if (head === 1) {
      this.bytes[start] = 0xa0 | length;
    } else if (head === 2 && length < 0x100) {
      this.bytes[start] = 0xd9;
      this.bytes[start + 1] = length;
    } else if (head === 3) {
      this.bytes[start] = 0xda;
      this.#view.setUint16(start + 1, length);
    } else {
      return false;
    }
    this.#at = start + head + length;
    return true;
  }

  #binary(value: Uint8Array): boolean {
    const { length } = value;
    if (!this.#hasRoom(HEAD_BYTES + length)) return false;
    if (length < 0x100) this.#put8(0xc4, length);
    else if (length < 0x10000) this.#put16(0xc5, length);
    else this.#put32(0xc6, length);
    const { bytes } = this;
    const at = this.#at;
    if (length > SHORT_BYTES) bytes.set(value, at);
    else for (let index = 0; index < length; index++) bytes[at + index] = value[index] as number;
    this.#at = at + length;
    return true;
  }

  #byte(byte: number): boolean {
    if (!this.#hasRoom(1)) return false;
    this.bytes[this.#at++] = byte;
    return true;
  }

  #put8(head: number, value: number): void {
    this.bytes[this.#at] = head;
    this.bytes[this.#at + 1] = value;
    this.#at += 2;
  }

  #put16(head: number, value: number): void {
    this.bytes[this.#at] = head;
    this.#view.setUint16(this.#at + 1, value);
    this.#at += 3;
  }

  #put32(head: number, value: number): void {
    this.bytes[this.#at] = head;
    this.#view.setUint32(this.#at + 1, value);
    this.#at += 5;
  }

  #hasRoom(bytes: number): boolean {
    return this.#at + bytes <= this.bytes.length;
  }
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

function viewOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(buffer, byteOffset, length);
}
