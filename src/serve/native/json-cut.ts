const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Where something stands in a text. */
export interface Span {
  start: number;
  end: number;
}

/** The members of the object that these bytes hold, by name, as they stand there; the bytes must be valid JSON. */
export function cutObject(bytes: Uint8Array, from: number = 0): Map<string, Span> {
  const members = new Map<string, Span>();
  let at = skipSpace(bytes, from) + 1;
  for (;;) {
    at = skipSpace(bytes, at);
    if (bytes[at] !== QUOTE) return members;
    const keyEnd = endOfText(bytes, at);
    const key = JSON.parse(textOf(bytes, { start: at, end: keyEnd })) as string;
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== COLON) return members;
    const start = skipSpace(bytes, at + 1);
    const end = endOfValue(bytes, start);
    members.set(key, { start, end });
    at = skipSpace(bytes, end);
    if (bytes[at] !== COMMA) return members;
    at += 1;
  }
}

/** The elements of the list that begins here. */
export function cutList(bytes: Uint8Array, from: number): Span[] {
  const elements: Span[] = [];
  let at = skipSpace(bytes, skipSpace(bytes, from) + 1);
  while (at < bytes.length && bytes[at] !== 0x5d) {
    const end = endOfValue(bytes, at);
    elements.push({ start: at, end });
    at = skipSpace(bytes, end);
    if (bytes[at] !== COMMA) break;
    at = skipSpace(bytes, at + 1);
  }
  return elements;
}

function textOf(bytes: Uint8Array, { start, end }: Span): string {
  return new TextDecoder().decode(bytes.subarray(start, end));
}

function endOfValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return endOfText(bytes, start);
  if (first === 0x7b || first === 0x5b) return endOfNested(bytes, start);
  let at = start;
  while (at < bytes.length && !isDelimiter(bytes[at] as number)) at += 1;
  return at;
}

/** Whatever stands between brackets; those inside texts are none. */
function endOfNested(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) at = endOfText(bytes, at) - 1;
    // [ { and ] } differ from each other by bit 0x20 alone.
    else if ((byte | 0x20) === 0x7b) depth += 1;
    else if ((byte | 0x20) === 0x7d && --depth === 0) return at + 1;
  }
  return bytes.length;
}

function endOfText(bytes: Uint8Array, start: number): number {
  let quote = start;
  do quote = bytes.indexOf(QUOTE, quote + 1);
  while (quote > 0 && isEscaped(bytes, quote));
  return quote < 0 ? bytes.length : quote + 1;
}

function isEscaped(bytes: Uint8Array, at: number): boolean {
  let before = at - 1;
  while (bytes[before] === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

function isDelimiter(byte: number): boolean {
  return byte === COMMA || byte === 0x5d || byte === 0x7d || isSpace(byte);
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && isSpace(bytes[at] as number)) at += 1;
  return at;
}

/** The three bytes of a byte order mark stand before everything, and are no more than space. */
function isSpace(byte: number): boolean {
  return (
    byte === 0x20 ||
    (byte >= 0x09 && byte <= 0x0d) ||
    byte === 0xef ||
    byte === 0xbb ||
    byte === 0xbf
  );
}
