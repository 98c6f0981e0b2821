import { Buffer } from "node:buffer";
import { SMALL_ARRAY_BYTES, smallArrayBytes } from "./small-array.ts";
import { tensorHead } from "./tensor-form.ts";
import { Tensor } from "./tensor.ts";

/** For the head of a value, and of a text that turns out shorter than it could be. */
const HEAD_BYTES = 5;
const SHORT_TEXT = 32;
const SHORT_BYTES = 32;
const MOST_DEPTH = 16;
/** Of a text's letters, in UTF-8. */
const MOST_LETTER_BYTES = 3;
/** From here on it pays that elements lie where they can be read in place. */
const LARGE_BYTES = 32 * 1024;
const SLACK_BYTES = 1024;

const TYPED_ARRAY = 0x74;
/** By prototype: the number that msgpackr has for it. */
const TYPES = new Map<object, number>([
  [Int8Array.prototype, 0],
  [Uint8ClampedArray.prototype, 2],
  [Int16Array.prototype, 3],
  [Uint16Array.prototype, 4],
  [Int32Array.prototype, 5],
  [Uint32Array.prototype, 6],
  [Float32Array.prototype, 7],
  [Float64Array.prototype, 8],
  [BigInt64Array.prototype, 9],
  [BigUint64Array.prototype, 10],
]);

/**
 * Writes plain values as msgpack right where they are to stand: numbers, texts, byte strings, lists and plain objects.
 * What it does not know, or has no room for, it leaves to the codec, which knows all.
 */
export class PlainWriter {
  bytes: Uint8Array<ArrayBuffer>;
  /** Where the elements of the first large array are, since this was set to -1. */
  alignAt = -1;
  /** False where a zero is written without its sign, as the codec does. */
  hasSignedZero = true;
  readonly #grow: (used: number, end: number) => void;
  #buffer: Buffer;
  #view: DataView;
  #at = 0;

  /** `grow` makes room up to `end`, and keeps what is used; without it there is no more. */
  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    grow: (used: number, end: number) => void = () => {},
  ) {
    this.#grow = grow;
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
    if (value === undefined) return this.#nothing();
    return type === "object" && this.#object(value as object | null, depth);
  }

  #object(value: object | null, depth: number): boolean {
    if (value === null) return this.#byte(0xc0);
    if (depth >= MOST_DEPTH) return false;
    if (Array.isArray(value)) return this.#list(value, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#map(value as Record<string, unknown>, depth);
    if (prototype === Uint8Array.prototype) return this.#binary(value as Uint8Array);
    if (value instanceof Tensor) return this.#tensor(value);
    return ArrayBuffer.isView(value) && this.#typed(value);
  }

  #tensor(tensor: Tensor): boolean {
    const head = tensorHead(tensor);
    if (!this.#hasRoom(head.length)) return false;
    this.bytes.set(head, this.#at);
    this.#at += head.length;
    const { buffer, byteOffset, byteLength } = tensor.data;
    return this.#binary(new Uint8Array(buffer, byteOffset, byteLength));
  }

  /** As msgpackr has it: an extension, its type, the bytes as they lie in memory. */
  #typed(array: ArrayBufferView): boolean {
    const type = TYPES.get(Object.getPrototypeOf(array) as object);
    const { byteLength } = array;
    if (byteLength === 0 || type === undefined || !this.#makeRoom(HEAD_BYTES + 2 + byteLength))
      return false;
    const length = byteLength + 1;
    if (length < 0x100) this.#put8(0xc7, length);
    else if (length < 0x10000) this.#put16(0xc8, length);
    else this.#put32(0xc9, length);
    this.bytes[this.#at] = TYPED_ARRAY;
    this.bytes[this.#at + 1] = type;
    this.#at += 2;
    const isSmall = byteLength <= SMALL_ARRAY_BYTES;
    this.#copy(isSmall ? smallArrayBytes(type, array) : bytesOf(array), byteLength);
    return true;
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
    if (value >>> 0 === value && !(this.hasSignedZero && Object.is(value, -0))) {
      if (value < 0x80) bytes[this.#at++] = value;
      else if (value < 0x100) this.#put8(0xcc, value);
      else if (value < 0x10000) this.#put16(0xcd, value);
      else this.#put32(0xce, value);
      return true;
    }
    if (value >> 0 === value && value < 0) {
      if (value >= -0x20) bytes[this.#at++] = value & 0xff;
      else if (value >= -0x80) this.#put8(0xd0, value);
      else if (value >= -0x8000) this.#put16(0xd1, value);
      else this.#put32(0xd2, value);
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
    // Memory that was given away looks empty: the codec tells.
    if (length === 0 || !this.#makeRoom(HEAD_BYTES + length)) return false;
    if (length < 0x100) this.#put8(0xc4, length);
    else if (length < 0x10000) this.#put16(0xc5, length);
    else this.#put32(0xc6, length);
    this.#copy(value, length);
    return true;
  }

  #copy(value: Uint8Array, length: number): void {
    const { bytes } = this;
    const at = this.#at;
    if (length >= LARGE_BYTES && this.alignAt < 0) this.alignAt = at;
    if (length > SHORT_BYTES && length === value.length) bytes.set(value, at);
    else for (let index = 0; index < length; index++) bytes[at + index] = value[index] as number;
    this.#at = at + length;
  }

  /** As msgpackr has it. */
  #nothing(): boolean {
    return this.#byte(0xd4) && this.#byte(0) && this.#byte(0);
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

  #makeRoom(bytes: number): boolean {
    if (!this.#hasRoom(bytes)) this.#grow(this.#at, this.#at + bytes + SLACK_BYTES);
    return this.#hasRoom(bytes);
  }

  #hasRoom(bytes: number): boolean {
    return this.#at + bytes <= this.bytes.length;
  }
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function viewOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(buffer, byteOffset, length);
}
