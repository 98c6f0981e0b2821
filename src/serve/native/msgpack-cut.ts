import { NetworkError } from "../../core/errors.ts";
import { DEPTH_LIMIT } from "../../protocol/limits.ts";
import { EXTENSION } from "../../protocol/msgpack-extension.ts";

/** How many bytes stand behind the token of a value of fixed length. */
const FIXED: Readonly<Record<number, number>> = {
  0xc0: 0,
  0xc2: 0,
  0xc3: 0,
  0xca: 4,
  0xcb: 8,
  0xcc: 1,
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1,
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
};

/** How many bytes tell the length of what follows. */
const SIZED: Readonly<Record<number, number>> = {
  0xc4: 1,
  0xc5: 2,
  0xc6: 4,
  0xd9: 1,
  0xda: 2,
  0xdb: 4,
};

/** Cuts msgpack into its values without decoding them; `network.protocol` where it is broken. */
export class MsgpackCutter {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Where the value that begins here ends. */
  endOf(at: number, depth: number = 0): number {
    if (depth > DEPTH_LIMIT) throw broken(`it is nested deeper than ${DEPTH_LIMIT} levels`);
    const token = this.#byte(at);
    if (token < 0x80 || token >= 0xe0) return at + 1;
    if (token < 0xa0) {
      const count = token < 0x90 ? (token - 0x80) * 2 : token - 0x90;
      return this.#members(at + 1, count, depth);
    }
    if (token < 0xc0) return this.#within(at + 1 + token - 0xa0);
    const fixed = FIXED[token];
    if (fixed !== undefined) return this.#within(at + 1 + fixed);
    const sized = SIZED[token];
    if (sized !== undefined) {
      return this.#within(at + 1 + sized + this.#uint(at + 1, sized));
    }
    return this.#longer(token, at, depth);
  }

  /** The members of the map or list that begins here: where each begins, and where all end. */
  members(at: number): { kind: "map" | "list"; starts: number[]; end: number } | undefined {
    const token = this.#byte(at);
    const kind = isMap(token) ? "map" : isList(token) ? "list" : undefined;
    if (!kind) return undefined;
    const short = token < 0xa0;
    const width = short ? 0 : token === 0xdc || token === 0xde ? 2 : 4;
    const size = short ? token & 0x0f : this.#uint(at + 1, width);
    const count = kind === "map" ? size * 2 : size;
    let next = at + 1 + width;
    if (count > this.#bytes.length - next) throw cutShort();
    const starts: number[] = [];
    for (let index = 0; index < count; index++) {
      starts.push(next);
      next = this.endOf(next, 1);
    }
    return { kind, starts, end: next };
  }

  #longer(token: number, at: number, depth: number): number {
    switch (token) {
      case 0xc7:
      case 0xc8:
      case 0xc9: {
        const width = 2 ** (token - 0xc7);
        return this.#extension(at + 1 + width, this.#uint(at + 1, width), depth);
      }
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(at + 1, 2 ** (token - 0xd4), depth);
      case 0xdc:
        return this.#members(at + 3, this.#uint(at + 1, 2), depth);
      case 0xdd:
        return this.#members(at + 5, this.#uint(at + 1, 4), depth);
      case 0xde:
        return this.#members(at + 3, this.#uint(at + 1, 2) * 2, depth);
      case 0xdf:
        return this.#members(at + 5, this.#uint(at + 1, 4) * 2, depth);
      default:
        throw broken(`0x${token.toString(16)} starts no value`);
    }
  }

  #members(from: number, count: number, depth: number): number {
    if (count > this.#bytes.length - from) throw cutShort();
    let at = from;
    for (let left = count; left > 0; left--) at = this.endOf(at, depth + 1);
    return at;
  }

  /** Some of msgpackr's extensions only mark the value behind them. */
  #extension(typeAt: number, length: number, depth: number): number {
    const type = this.#byte(typeAt);
    const end = this.#within(typeAt + 1 + length);
    const isMark = type === EXTENSION.SET || type === EXTENSION.ERROR || type === EXTENSION.REGEXP;
    return isMark ? this.endOf(end, depth + 1) : end;
  }

  #within(end: number): number {
    if (end > this.#bytes.length) throw cutShort();
    return end;
  }

  #uint(at: number, width: number): number {
    let value = 0;
    for (let index = 0; index < width; index++) value = value * 0x100 + this.#byte(at + index);
    return value;
  }

  #byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw cutShort();
    return byte;
  }
}

function isMap(token: number): boolean {
  return (token >= 0x80 && token < 0x90) || token === 0xde || token === 0xdf;
}

function isList(token: number): boolean {
  return (token >= 0x90 && token < 0xa0) || token === 0xdc || token === 0xdd;
}

function cutShort(): NetworkError {
  return broken("the bytes end too early");
}

function broken(why: string): NetworkError {
  return new NetworkError("network.protocol", `Cannot decode msgpack: ${why}`);
}
