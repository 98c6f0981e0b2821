import { Buffer } from "node:buffer";

/** Bun and Deno both have it; it is several times faster than a TextDecoder on short texts. */
interface SlicingBuffer {
  utf8Slice(start: number, end: number): string;
}

const CACHE_SLOTS = 1_024;
const SHORT = 9;
const ASCII_LIMIT = 0x80;

/** Texts of keys seen before, by their bytes; only a memory, so that it may forget at any time. */
const cachedBytes: (Uint8Array | undefined)[] = Array.from(
  { length: CACHE_SLOTS },
  () => undefined,
);
const cachedTexts: string[] = Array.from({ length: CACHE_SLOTS }, () => "");

/** Reads UTF-8 out of one buffer; what is no UTF-8 becomes U+FFFD. The caller checks the bounds. */
export class TextReader {
  readonly #bytes: Uint8Array;
  #slices: SlicingBuffer | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The text between two positions. */
  text(start: number, end: number): string {
    if (end - start < SHORT) {
      const text = shortAscii(this.#bytes, start, end);
      if (text !== undefined) return text;
    }
    this.#slices ??= slicing(this.#bytes);
    return this.#slices.utf8Slice(start, end);
  }

  /** The same for the key of a map: keys come again and again, so their texts are kept. */
  key(start: number, end: number): string {
    const bytes = this.#bytes;
    const length = end - start;
    const slot = slotOf(bytes, start, end);
    const known = cachedBytes[slot];
    if (known !== undefined && known.length === length) {
      let i = 0;
      while (i < length && known[i] === bytes[start + i]) i++;
      if (i === length) return cachedTexts[slot] as string;
    }
    const text = this.text(start, end);
    cachedBytes[slot] = bytes.slice(start, end);
    cachedTexts[slot] = text;
    return text;
  }
}

function slicing(bytes: Uint8Array): SlicingBuffer {
  const buffer: unknown = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer as SlicingBuffer;
}

function slotOf(bytes: Uint8Array, start: number, end: number): number {
  if (end === start) return 0;
  const first = bytes[start] as number;
  const middle = bytes[(start + end) >> 1] as number;
  const last = bytes[end - 1] as number;
  return (((end - start) << 5) ^ (first << 2) ^ (middle << 4) ^ last) % CACHE_SLOTS;
}

/** Calls with a fixed number of arguments are what the engines make fast. */
function shortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  const a = bytes[start] as number;
  const b = bytes[start + 1] as number;
  const c = bytes[start + 2] as number;
  const d = bytes[start + 3] as number;
  const e = bytes[start + 4] as number;
  const f = bytes[start + 5] as number;
  const g = bytes[start + 6] as number;
  const h = bytes[start + 7] as number;
  const code = String.fromCharCode;
  switch (end - start) {
    case 0:
      return "";
    case 1:
      return a < ASCII_LIMIT ? code(a) : undefined;
    case 2:
      return (a | b) < ASCII_LIMIT ? code(a, b) : undefined;
    case 3:
      return (a | b | c) < ASCII_LIMIT ? code(a, b, c) : undefined;
    case 4:
      return (a | b | c | d) < ASCII_LIMIT ? code(a, b, c, d) : undefined;
    case 5:
      return (a | b | c | d | e) < ASCII_LIMIT ? code(a, b, c, d, e) : undefined;
    case 6:
      return (a | b | c | d | e | f) < ASCII_LIMIT ? code(a, b, c, d, e, f) : undefined;
    case 7:
      return (a | b | c | d | e | f | g) < ASCII_LIMIT ? code(a, b, c, d, e, f, g) : undefined;
    default:
      return (a | b | c | d | e | f | g | h) < ASCII_LIMIT
        ? code(a, b, c, d, e, f, g, h)
        : undefined;
  }
}
