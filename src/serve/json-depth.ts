import { DingError } from "../core/errors.ts";
import { DEPTH_LIMIT } from "../protocol/limits.ts";

/** What is shorter is read in no time, whatever it is. */
const SHORT_BYTES = 256 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LIST = 0x5b;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/**
 * Throws `usage.invalid-input` for a long JSON that is nested deeper than any value: to read 60 MB of brackets takes
 * gigabytes, and holds up everybody else for seconds.
 */
export function checkJsonDepth(bytes: Uint8Array): void {
  if (bytes.length < SHORT_BYTES || countOf(LIST, bytes) + countOf(OBJECT, bytes) <= DEPTH_LIMIT) {
    return;
  }
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfText(bytes, at + 1);
    } else if (byte === LIST || byte === OBJECT) {
      depth += 1;
      if (depth > DEPTH_LIMIT) throw tooDeep();
    } else if (byte === LIST_END || byte === OBJECT_END) {
      depth -= 1;
    }
  }
}

/** How often it is there; no more are counted than it takes. */
function countOf(byte: number, bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) {
    count += 1;
    if (count > DEPTH_LIMIT) break;
  }
  return count;
}

/** Where the quote stands that ends a text; the end of the bytes where there is none. */
function endOfText(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(QUOTE, from); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) {
    let escapes = 0;
    while (at - escapes > from && bytes[at - escapes - 1] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return bytes.length;
}

function tooDeep(): DingError {
  const told = `it is nested deeper than ${DEPTH_LIMIT} levels`;
  return new DingError("usage.invalid-input", `Cannot read body as JSON: ${told}`);
}
