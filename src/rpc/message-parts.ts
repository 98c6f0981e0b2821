import { DingError } from "../core/errors.ts";
import { encodeFrame } from "../protocol/codec.ts";
import { FRAME_LIMIT_BYTES } from "../protocol/limits.ts";
import { KIND, type Body, type Message } from "./message.ts";

/** A message as bytes. The body follows the head as it came: it is copied once, into its frame. */
export interface MessageParts {
  readonly head: Uint8Array;
  readonly body: Body;
}

const FIXARRAY = 0x90;
const NIL = 0xc0;
const TWO_TO_32 = 2 ** 32;
/** Names come from the code, not from the wire; the limit is for whoever makes them up after all. */
const MOST_NAMES = 256;
const LONGEST_NAME = 256;
const SCRATCH_BYTES = 4096;
/** For the array, the kind, the number and the length of the body. */
const FIXED_BYTES = 32;

/** An ACK rides in front. */
const MOST_MESSAGE_BYTES = FRAME_LIMIT_BYTES - 1024;

const scratch = new Uint8Array(SCRATCH_BYTES);
const names = new Map<string, Uint8Array>();

/** The bytes of a message; throws when no frame would hold them. Those of tasks are written by hand: a codec's way takes longer than a small task. */
export function encodeParts(message: Message): MessageParts {
  if (message[0] === KIND.CALL) {
    const [kind, id, method, meta, body] = message;
    const start = putName(method, putStart(5, kind, id));
    const at = putKnownMeta(meta, start) || putMeta(encodeFrame(meta), start);
    if (at > 0) return { head: written(putBodyLength(body, at)), body };
  } else if (message[0] === KIND.EVENT) {
    const [kind, id, event, body] = message;
    const at = putName(event, putStart(4, kind, id));
    return { head: written(putBodyLength(body, at)), body };
  } else if (message[0] === KIND.REPLY) {
    const [kind, id, body] = message;
    return { head: written(putBodyLength(body, putStart(3, kind, id))), body };
  }
  return { head: fitting(encodeFrame(message)), body: undefined };
}

/** The bodies of tasks have been measured when they were encoded; what stands in a message itself has not. */
function fitting(message: Uint8Array): Uint8Array {
  if (message.length <= MOST_MESSAGE_BYTES) return message;
  const told = `it takes ${message.length} bytes, the limit is ${MOST_MESSAGE_BYTES}`;
  throw new DingError("usage.invalid-input", `Cannot send message: ${told}`);
}

/** The bytes of an ACK. */
export function encodeAck(received: number): Uint8Array {
  return written(putStart(2, KIND.ACK, received));
}

/** An array's head and its first two elements; gives the place behind them. */
function putStart(length: number, kind: number, count: number): number {
  scratch[0] = FIXARRAY | length;
  scratch[1] = kind;
  if (count < TWO_TO_32) {
    // Always as long: so there is room for a head where another one stood.
    scratch[2] = 0xce;
    return putUint32(count, 3);
  }
  scratch[2] = 0xcf;
  return putUint32(count, putUint32(Math.floor(count / TWO_TO_32), 3));
}

function putUint32(value: number, at: number): number {
  scratch[at] = value >>> 24;
  scratch[at + 1] = value >>> 16;
  scratch[at + 2] = value >>> 8;
  scratch[at + 3] = value;
  return at + 4;
}

/** None, or that of a task; else gives 0. */
function putKnownMeta(meta: unknown, start: number): number {
  if (meta !== null) return putTaskMeta(meta, start);
  scratch[start] = NIL;
  return start + 1;
}

/** The `[id, attempt]` of a task, if that is what it is and it is plain; else gives 0. */
function putTaskMeta(meta: unknown, start: number): number {
  if (!Array.isArray(meta) || meta.length !== 2) return 0;
  const id: unknown = meta[0];
  const attempt: unknown = meta[1];
  const isPlain = typeof id === "string" && id.length < 0x100 && typeof attempt === "number";
  if (!isPlain || attempt !== (attempt & 0x7f)) return 0;
  let at = start;
  scratch[at++] = FIXARRAY | 2;
  if (id.length >= 32) scratch[at++] = 0xd9;
  scratch[at++] = id.length < 32 ? 0xa0 | id.length : id.length;
  for (let index = 0; index < id.length; index++) {
    const letter = id.charCodeAt(index);
    if (letter > 0x7f) return 0;
    scratch[at++] = letter;
  }
  scratch[at] = attempt;
  return at + 1;
}

/** Any other meta, if there is room for it; else gives 0. */
function putMeta(meta: Uint8Array, start: number): number {
  return start + meta.length + FIXED_BYTES > SCRATCH_BYTES ? 0 : putBytes(meta, start);
}

/** What stands before a byte string, or the nil that stands for none. */
function putBodyLength(body: Body, at: number): number {
  if (!body) {
    scratch[at] = NIL;
    return at + 1;
  }
  if (body.length < 0x100) {
    scratch[at] = 0xc4;
    scratch[at + 1] = body.length;
    return at + 2;
  }
  scratch[at] = 0xc6;
  return putUint32(body.length, at + 1);
}

/** For so few bytes a loop is faster than a call. */
function putBytes(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < bytes.length; index++) scratch[at + index] = bytes[index] as number;
  return at + bytes.length;
}

/** A copy of the scratch up to here. */
function written(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = scratch[index] as number;
  return bytes;
}

function putName(name: string, at: number): number {
  let bytes = names.get(name);
  if (!bytes) {
    bytes = encodeFrame(name.slice(0, LONGEST_NAME));
    if (names.size < MOST_NAMES) names.set(name, bytes);
  }
  return putBytes(bytes, at);
}
