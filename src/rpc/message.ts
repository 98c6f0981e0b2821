import { DingError, type ErrorRecord } from "../core/errors.ts";
import { decodeFrames, encodeFrame } from "../protocol/codec.ts";
import { noteBody } from "./headroom.ts";

/**
 * The messages of a session. Each is one msgpack array whose first element is
 * its kind; a frame holds one or more, back to back. ACK, PING and the three
 * of the handshake are not counted for resuming; all others are.
 */
export const KIND = {
  ACK: 0,
  PING: 1,
  HELLO: 2,
  WELCOME: 3,
  REFUSED: 4,
  BYE: 5,
  CALL: 6,
  REPLY: 7,
  FAIL: 8,
  EVENT: 9,
  CANCEL: 10,
} as const;

/** A body is msgpack that passes through undecoded; nil when there is none. */
export type Body = Uint8Array | undefined;

/** One decoded message. */
export type Message =
  | [kind: typeof KIND.ACK, received: number]
  | [kind: typeof KIND.PING]
  | [kind: typeof KIND.HELLO, hello: unknown]
  | [kind: typeof KIND.WELCOME, welcome: unknown]
  | [kind: typeof KIND.REFUSED, refusal: unknown]
  | [kind: typeof KIND.BYE, reason: string]
  | [kind: typeof KIND.CALL, id: number, method: string, meta: unknown, body: Body]
  | [kind: typeof KIND.REPLY, id: number, body: Body]
  | [kind: typeof KIND.FAIL, id: number, error: ErrorRecord]
  | [kind: typeof KIND.EVENT, id: number, name: string, body: Body]
  | [kind: typeof KIND.CANCEL, id: number];

const FIRST_COUNTED = KIND.BYE;

/** Does this message take part in counting, and so in resuming? */
export function isCounted(message: Message): boolean {
  return message[0] >= FIRST_COUNTED;
}

/** A message as bytes of its own. */
export function encodeMessage(message: Message): Uint8Array {
  return encodeFrame(message);
}

/** Calls `each` for every message of the frame, in order; throws `network.protocol` where one is none. */
export function decodeMessages(frame: Uint8Array, each: (message: Message) => void): void {
  let bodies = 0;
  decodeFrames(frame, (value) => {
    if (!isMessage(value)) throw new DingError("network.protocol", "Cannot read frame: no message");
    const body = bodyOf(value);
    if (body) noteBody(frame, body, bodies++ === 0);
    each(value);
  });
}

function bodyOf(message: Message): Body {
  if (message[0] === KIND.REPLY) return message[2];
  if (message[0] === KIND.EVENT) return message[3];
  return message[0] === KIND.CALL ? message[4] : undefined;
}

function isMessage(value: unknown): value is Message {
  if (!Array.isArray(value)) return false;
  // By index: taking an array apart goes through its iterator, and this is done for every message.
  const first: unknown = value[1];
  const second: unknown = value[2];
  switch (value[0]) {
    case KIND.PING:
      return true;
    case KIND.ACK:
    case KIND.CANCEL:
      return isCount(first);
    case KIND.HELLO:
    case KIND.WELCOME:
    case KIND.REFUSED:
      return isObject(first);
    case KIND.BYE:
      return typeof first === "string";
    case KIND.CALL:
      return isCount(first) && typeof second === "string" && isBody(value[4]);
    case KIND.REPLY:
      return isCount(first) && isBody(second);
    case KIND.FAIL:
      return isCount(first) && isObject(second) && typeof second["message"] === "string";
    case KIND.EVENT:
      return isCount(first) && typeof second === "string" && isBody(value[3]);
    default:
      return false;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && Number.isSafeInteger(value);
}

function isBody(value: unknown): value is Body {
  return value === undefined || value === null || value instanceof Uint8Array;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
