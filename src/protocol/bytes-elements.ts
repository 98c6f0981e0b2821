import { Buffer } from "node:buffer";
import { DingError } from "../core/errors.ts";

/** Before each element of a BYTES tensor stands its length, a little-endian u32. */
export const LENGTH_BYTES = 4;

/** Elements of BYTES in the binary form: each a little-endian u32 length and its bytes. */
export function joinElements(elements: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const element of elements) length += LENGTH_BYTES + element.length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const element of elements) {
    view.setUint32(at, element.length, true);
    bytes.set(element, at + LENGTH_BYTES);
    at += LENGTH_BYTES + element.length;
  }
  return bytes;
}

/** The elements as views of the bytes, which must be whole. */
export function splitElements(bytes: Uint8Array): Uint8Array[] {
  return [...eachElement(bytes)];
}

/** The same, one after the other. */
export function* eachElement(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    const from = at + LENGTH_BYTES;
    at = from + view.getUint32(at, true);
    yield bytes.subarray(from, at);
  }
}

/** Why these bytes are not `count` elements of BYTES, as words; undefined when they are. */
export function elementsFault(bytes: Uint8Array, count: number): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (let index = 0; index < count; index++) {
    const left = bytes.length - at - LENGTH_BYTES;
    if (left < 0) return `it ends before the length of element ${index}`;
    const length = view.getUint32(at, true);
    if (length > left) {
      return `element ${index} says that it has ${length} bytes, ${left} are left`;
    }
    at += LENGTH_BYTES + length;
  }
  return at === bytes.length ? undefined : `${bytes.length - at} bytes follow the last element`;
}

/** Texts as elements of BYTES, in UTF-8. */
export function textElements(texts: readonly string[]): Uint8Array {
  let length = 0;
  for (const text of texts) length += LENGTH_BYTES + Buffer.byteLength(text);
  // In place: an object for each element would take far more memory than its bytes.
  const bytes = Buffer.from(new ArrayBuffer(length));
  let at = 0;
  for (const text of texts) {
    const written = bytes.write(text, at + LENGTH_BYTES);
    bytes.writeUInt32LE(written, at);
    at += LENGTH_BYTES + written;
  }
  return new Uint8Array(bytes.buffer);
}

/** A long list is cut many times: it is looked through once. */
const startsOf = new WeakMap<Uint8Array, Uint32Array>();

/** Where each element of a BYTES tensor begins, and at last where they end; a length that lies throws usage.invalid-input. */
export function elementStarts(data: Uint8Array): Uint32Array {
  const known = startsOf.get(data);
  if (known) return known;
  const found = new Uint32Array(countElements(data) + 1);
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  for (let index = 1; index < found.length; index++) {
    const at = found[index - 1] as number;
    found[index] = at + LENGTH_BYTES + view.getUint32(at, true);
  }
  startsOf.set(data, found);
  return found;
}

function countElements(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let count = 0;
  for (let at = 0; at < data.length; count++) {
    at = at + LENGTH_BYTES <= data.length ? at + LENGTH_BYTES + view.getUint32(at, true) : Infinity;
    if (at > data.length) {
      const message = `Cannot read BYTES elements: element ${count} is cut short`;
      throw new DingError("usage.invalid-input", message);
    }
  }
  return count;
}
