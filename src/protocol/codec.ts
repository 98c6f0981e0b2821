import { Buffer } from "node:buffer";
import { Packr, RESET_BUFFER_MODE, addExtension } from "msgpackr";
import { DingError, NetworkError, messageOf } from "../core/errors.ts";
import { findFault, UNREAD } from "./fault.ts";
import { writeJson } from "./json-writer.ts";
import { EXTENSION, HALF_ARRAY } from "./msgpack-extension.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { PlainWriter } from "./plain-writer.ts";
import { tensorHead } from "./tensor-form.ts";
import { Tensor } from "./tensor.ts";

/** Turns a value into bytes and back. Stateless: any frame decodes on its own. */
export interface Codec {
  readonly name: string;
  /** The content type of an HTTP body in this form. */
  readonly contentType: string;
  /** Bytes that are the caller's own, to the end of their buffer; `usage.invalid-input` says where a value cannot travel. */
  encode(value: unknown): Uint8Array<ArrayBuffer>;
  /** The value, which shares no memory with `bytes`; `network.protocol` when they are broken. */
  decode(bytes: Uint8Array): unknown;
}

/** Scratch memory beyond this is given back after the large value that needed it. */
const SCRATCH_LIMIT_BYTES = 8 * 1024 * 1024;
const SCRATCH_BYTES = 64 * 1024;

/** The numbers of extensions that msgpackr wants and our writers never put on the wire. */
const UNUSED_TYPES = { bytes: 1, tensor: 2, half: 3, unread: 4 };
const NO_BYTES = new Uint8Array();
/** Marker, length, type, and the type of the array. */
const EXTENSION_HEAD_BYTES = 7;

/** What msgpackr hands to an extension's writer. */
type Allocate = (size: number) => { target: Uint8Array; targetView: DataView; position: number };

const packr = new Packr({
  useRecords: false,
  variableMapSize: true, // without it an object has at most 65,535 keys
  moreTypes: true, // Set, Error and typed arrays stay what they are
  int64AsType: "number",
  writeFunction() {
    throw new TypeError("a function cannot travel");
  },
});

// msgpackr alone writes a Uint8Array in a form only msgpackr reads; a byte string is what all languages know.
addExtension({
  Class: Uint8Array,
  type: UNUSED_TYPES.bytes,
  pack(bytes: Uint8Array, allocate: Allocate) {
    writeBin(allocate, NO_BYTES, bytes);
  },
} as unknown as Parameters<typeof addExtension>[0]);

addExtension({
  Class: Tensor,
  type: UNUSED_TYPES.tensor,
  pack(tensor: Tensor, allocate: Allocate) {
    const { buffer, byteOffset, byteLength } = tensor.data;
    writeBin(allocate, tensorHead(tensor), new Uint8Array(buffer, byteOffset, byteLength));
  },
} as unknown as Parameters<typeof addExtension>[0]);

// msgpackr would write one as of a type that nobody reads.
addExtension({
  Class: Float16Array,
  type: UNUSED_TYPES.half,
  pack({ buffer, byteOffset, byteLength }: Float16Array, allocate: Allocate) {
    const { target, targetView, position } = allocate(EXTENSION_HEAD_BYTES + byteLength);
    target[position] = 0xc9; // an extension whose length has four bytes
    targetView.setUint32(position + 1, 1 + byteLength);
    target[position + 5] = EXTENSION.TYPED_ARRAY;
    target[position + 6] = HALF_ARRAY;
    target.set(new Uint8Array(buffer, byteOffset, byteLength), position + EXTENSION_HEAD_BYTES);
  },
} as unknown as Parameters<typeof addExtension>[0]);

// msgpackr would write an empty object: an `await` that was forgotten would be a result that is lost.
for (const Class of [Promise, ...UNREAD]) {
  addExtension({
    Class,
    type: UNUSED_TYPES.unread,
    pack() {
      throw new TypeError(`a ${Class.name} cannot travel`);
    },
  } as unknown as Parameters<typeof addExtension>[0]);
}

/** MessagePack, as every language reads it; typed arrays, Date, Set, Error, BigInt and Tensor come back as themselves. */
export const msgpack: Codec = {
  name: "msgpack",
  contentType: "application/msgpack",
  encode: (value) => encodeFrame(value),
  decode(bytes) {
    const reader = new MsgpackReader(bytes, false);
    const value = reader.next();
    if (reader.isAtEnd) return value;
    throw new NetworkError("network.protocol", "Cannot decode msgpack: bytes follow the value");
  },
};

/** JSON as the standard has it: what it has no word for becomes the nearest thing that it has. */
export const json: Codec = {
  name: "json",
  contentType: "application/json",
  encode: (value) => encoder.encode(writeJson(value)),
  decode(bytes) {
    try {
      return JSON.parse(decoder.decode(bytes)) as unknown;
    } catch (error) {
      const why = `Cannot decode JSON: ${messageOf(error)}`;
      throw new NetworkError("network.protocol", why, { cause: error });
    }
  },
};

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * One msgpack message in memory of its own, fit to be kept, sent to a child, or
 * put behind others in one frame. `copy` takes what is not short out of the memory that is used again.
 */
export function encodeFrame(
  value: unknown,
  copy: (scratch: Uint8Array) => Uint8Array<ArrayBuffer> = exactly,
): Uint8Array<ArrayBuffer> {
  return plainly(value) ?? packFrame(value, copy);
}

/** The same by the codec alone, for those who have tried it plainly: what is packed comes by way of `copy`. */
export function packFrame(
  value: unknown,
  copy: (scratch: Uint8Array) => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  let scratch: Uint8Array;
  try {
    scratch = packr.encode(value, RESET_BUFFER_MODE);
  } catch (error) {
    throw unencodable(value, error);
  }
  const bytes = copy(scratch);
  if (scratch.buffer.byteLength > SCRATCH_LIMIT_BYTES) packr.useBuffer(Buffer.alloc(SCRATCH_BYTES));
  return bytes;
}

/**
 * Calls `each` with every message of a frame, in order. Byte strings and typed
 * arrays may be views of `bytes`: the caller promises that nobody writes there
 * again. Broken bytes throw `network.protocol` after the messages before them.
 */
export function decodeFrames(bytes: Uint8Array, each: (value: unknown) => void): void {
  const reader = new MsgpackReader(bytes, true);
  while (!reader.isAtEnd) each(reader.next());
}

const PLAIN_BYTES = 4 * 1024;
const plainWriter = new PlainWriter(new Uint8Array(PLAIN_BYTES));
plainWriter.hasSignedZero = false;
let isWritingPlainly = false;

/** Short plain values, which are most of what travels, in a quarter of the time; undefined for all others. */
function plainly(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  // A getter may encode something meanwhile.
  if (isWritingPlainly) return undefined;
  isWritingPlainly = true;
  try {
    const end = plainWriter.write(value, 0);
    return end < 0 ? undefined : plainWriter.bytes.slice(0, end);
  } catch {
    // The codec says what is wrong with it.
    return undefined;
  } finally {
    isWritingPlainly = false;
  }
}

function exactly(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** Bytes as they are, and behind them a byte string in the shortest of its three forms. */
function writeBin(allocate: Allocate, before: Uint8Array, bytes: Uint8Array): void {
  const length = bytes.length;
  const lengthBytes = length < 2 ** 8 ? 1 : length < 2 ** 16 ? 2 : 4;
  const room = allocate(before.length + 1 + lengthBytes + length);
  const at = room.position + before.length;
  room.target.set(before, room.position);
  room.target[at] = lengthBytes === 1 ? 0xc4 : lengthBytes === 2 ? 0xc5 : 0xc6;
  if (lengthBytes === 1) room.target[at + 1] = length;
  else if (lengthBytes === 2) room.targetView.setUint16(at + 1, length);
  else room.targetView.setUint32(at + 1, length);
  room.target.set(bytes, at + 1 + lengthBytes);
}

function unencodable(value: unknown, cause: unknown): DingError {
  const why = findFault(value) ?? messageOf(cause);
  return new DingError("usage.invalid-input", `Cannot encode value as msgpack: ${why}`, { cause });
}
