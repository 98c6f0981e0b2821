import { NetworkError, messageOf } from "../core/errors.ts";
import { DEPTH_LIMIT } from "./limits.ts";
import { EXTENSION, readMark, readPayload } from "./msgpack-extension.ts";
import { readSmallArray } from "./small-array.ts";
import { TextReader } from "./msgpack-text.ts";
import { readTensorForm } from "./tensor-form.ts";

const TWO_TO_32 = 2 ** 32;
const DOUBLE = 0xcb;

/**
 * Reads msgpack values out of one buffer, one after the other. Whatever the
 * bytes are, the outcome is a value or `network.protocol`: nesting is bounded,
 * and nothing is allocated that the buffer is too short to fill.
 *
 * msgpackr writes what this reads; its own reader cannot bound the depth, know a
 * map with byte strings as keys, or leave code generation out, and is slower on
 * texts where its native part is missing, as it is in the binary.
 */
export class MsgpackReader {
  readonly #bytes: Uint8Array;
  #lazyView: DataView | undefined;
  readonly #texts: TextReader;
  readonly #end: number;
  readonly #mayAlias: boolean;
  #position = 0;
  #depth = 0;
  /** What lists may still take: every element is at least a byte, so that an honest buffer never runs out. */
  #elementsLeft: number;

  /** With `mayAlias`, byte strings and typed arrays may be views of `bytes`. */
  constructor(bytes: Uint8Array, mayAlias: boolean) {
    const { buffer, byteOffset, byteLength } = bytes;
    this.#bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(buffer, byteOffset, byteLength);
    this.#texts = new TextReader(this.#bytes);
    this.#end = byteLength;
    this.#mayAlias = mayAlias;
    this.#elementsLeft = byteLength;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#end;
  }

  /** The next value. */
  next(): unknown {
    try {
      return this.#read();
    } catch (error) {
      if (error instanceof NetworkError) throw error;
      // The DataView was asked for bytes behind its end; or what is inside an extension is not valid.
      if (error instanceof RangeError) throw cutShort();
      throw refusal(messageOf(error), error);
    }
  }

  /** Made for the first value that needs it: the frames of small tasks hold none. */
  get #view(): DataView {
    const { buffer, byteOffset, byteLength } = this.#bytes;
    return (this.#lazyView ??= new DataView(buffer, byteOffset, byteLength));
  }

  #byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw cutShort();
    return byte;
  }

  #uint16(at: number): number {
    return this.#byte(at) * 0x100 + this.#byte(at + 1);
  }

  #uint32(at: number): number {
    return this.#uint16(at) * 0x10000 + this.#uint16(at + 2);
  }

  #read(): unknown {
    const at = this.#position;
    const token = this.#byte(at);
    this.#position = at + 1;
    if (token < 0x80) return token;
    if (token < 0x90) return this.#map(token - 0x80);
    if (token < 0xa0) return this.#list(token - 0x90);
    if (token < 0xc0) return this.#text(token - 0xa0);
    if (token >= 0xe0) return token - 0x100;
    return this.#tagged(token, at + 1);
  }

  #tagged(token: number, at: number): unknown {
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#bin(this.#byte(at), at + 1);
      case 0xc5:
        return this.#bin(this.#uint16(at), at + 2);
      case 0xc6:
        return this.#bin(this.#uint32(at), at + 4);
      case 0xc7:
        return this.#extension(this.#byte(at), at + 1);
      case 0xc8:
        return this.#extension(this.#uint16(at), at + 2);
      case 0xc9:
        return this.#extension(this.#uint32(at), at + 4);
      case 0xca:
        this.#position = at + 4;
        return this.#view.getFloat32(at);
      case 0xcb:
        this.#position = at + 8;
        return this.#view.getFloat64(at);
      case 0xcc:
        this.#position = at + 1;
        return this.#byte(at);
      case 0xcd:
        this.#position = at + 2;
        return this.#uint16(at);
      case 0xce:
        this.#position = at + 4;
        return this.#uint32(at);
      case 0xcf:
        this.#position = at + 8;
        return this.#exact(this.#uint32(at), at) ?? this.#view.getBigUint64(at);
      case 0xd0:
        this.#position = at + 1;
        return this.#view.getInt8(at);
      case 0xd1:
        this.#position = at + 2;
        return this.#view.getInt16(at);
      case 0xd2:
        this.#position = at + 4;
        return this.#view.getInt32(at);
      case 0xd3:
        this.#position = at + 8;
        return this.#exact(this.#view.getInt32(at), at) ?? this.#view.getBigInt64(at);
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(2 ** (token - 0xd4), at);
      case 0xd9:
        this.#position = at + 1;
        return this.#text(this.#byte(at));
      case 0xda:
        this.#position = at + 2;
        return this.#text(this.#uint16(at));
      case 0xdb:
        this.#position = at + 4;
        return this.#text(this.#uint32(at));
      case 0xdc:
        this.#position = at + 2;
        return this.#list(this.#uint16(at));
      case 0xdd:
        this.#position = at + 4;
        return this.#list(this.#uint32(at));
      case 0xde:
        this.#position = at + 2;
        return this.#map(this.#uint16(at));
      case 0xdf:
        this.#position = at + 4;
        return this.#map(this.#uint32(at));
      default:
        throw refusal(`0x${token.toString(16)} starts no value`);
    }
  }

  #list(length: number): unknown[] {
    this.#elementsLeft -= length;
    if (length > this.#end - this.#position || this.#elementsLeft < 0) throw cutShort();
    this.#enter();
    // oxlint-disable-next-line unicorn/no-new-array -- room for all at once: lists are the longest things on the wire
    const list = new Array<unknown>(length);
    const bytes = this.#bytes;
    let view: DataView | undefined;
    for (let i = 0; i < length; i++) {
      const at = this.#position;
      // Long lists are lists of numbers: those go the short way.
      if (bytes[at] === DOUBLE) {
        view ??= this.#view;
        list[i] = view.getFloat64(at + 1);
        this.#position = at + 9;
      } else list[i] = this.#read();
    }
    this.#depth--;
    return list;
  }

  #map(size: number): unknown {
    if (size * 2 > this.#end - this.#position) throw cutShort();
    this.#enter();
    const map: Record<string, unknown> = {};
    let isTensor = false;
    for (let i = 0; i < size; i++) {
      const key = this.#key();
      if (key === "nd") isTensor = true;
      if (key === "__proto__") this.#defineProto(map);
      else map[key] = this.#read();
    }
    this.#depth--;
    return isTensor ? readTensorForm(map) : map;
  }

  /** Assigned, it would change what the object is; defined, it is a key like others, as JSON.parse has it. */
  #defineProto(map: Record<string, unknown>): void {
    const options = { writable: true, enumerable: true, configurable: true };
    Object.defineProperty(map, "__proto__", { ...options, value: this.#read() });
  }

  #enter(): void {
    if (++this.#depth > DEPTH_LIMIT)
      throw refusal(`it is nested deeper than ${DEPTH_LIMIT} levels`);
  }

  #key(): string {
    const token = this.#byte(this.#position);
    if (token >= 0xa0 && token < 0xc0) {
      const start = this.#position + 1;
      return this.#texts.key(start, this.#advance(start, token - 0xa0));
    }
    if (token === 0xc4) {
      const start = this.#position + 2;
      return this.#texts.key(start, this.#advance(start, this.#byte(start - 1)));
    }
    const key = this.#read();
    if (typeof key === "object" && key !== null) throw refusal("a key is neither text nor number");
    return String(key);
  }

  /** An integer of 64 bits as a number, if one can hold it. */
  #exact(high: number, at: number): number | undefined {
    const value = high * TWO_TO_32 + this.#uint32(at + 4);
    return Number.isSafeInteger(value) ? value : undefined;
  }

  #text(length: number): string {
    const start = this.#position;
    return this.#texts.text(start, this.#advance(start, length));
  }

  #bin(length: number, start: number): Uint8Array {
    const end = this.#advance(start, length);
    return this.#mayAlias ? this.#bytes.subarray(start, end) : this.#bytes.slice(start, end);
  }

  #extension(length: number, at: number): unknown {
    const type = this.#byte(at);
    const end = this.#advance(at + 1, length);
    if (type === EXTENSION.TYPED_ARRAY) {
      const small = readSmallArray(this.#byte(at + 1), this.#bytes, [at + 2, end]);
      if (small) return small;
    }
    const found =
      type === EXTENSION.SET || type === EXTENSION.ERROR || type === EXTENSION.REGEXP
        ? readMark(type, this.#readInside())
        : readPayload(type, this.#bytes.subarray(at + 1, end), this.#mayAlias);
    if (!found) throw refusal(`it has an invalid extension of type ${type}`);
    return found.value;
  }

  #readInside(): unknown {
    this.#enter();
    const value = this.#read();
    this.#depth--;
    return value;
  }

  /** Moves to `length` bytes behind `start`. */
  #advance(start: number, length: number): number {
    const end = start + length;
    if (end > this.#end) throw cutShort();
    this.#position = end;
    return end;
  }
}

function cutShort(): NetworkError {
  return refusal("the bytes end too early");
}

function refusal(why: string, cause?: unknown): NetworkError {
  return new NetworkError("network.protocol", `Cannot decode msgpack: ${why}`, { cause });
}
