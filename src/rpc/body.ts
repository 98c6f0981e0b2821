import { DingError, messageOf, type Code } from "../core/errors.ts";
import { encodeFrame } from "../protocol/codec.ts";
import { FRAME_LIMIT_BYTES } from "../protocol/limits.ts";
import { copyWithRoom } from "./headroom.ts";

/** The longest body of a message: a frame has room for it and for what stands around it. */
export const MESSAGE_BODY_LIMIT_BYTES: number = FRAME_LIMIT_BYTES - 64 * 1024;

/** What is sent, for the error that says it cannot be. */
export interface BodyName {
  /** "result" */
  what: string;
  code: Code;
}

/** A value as the body of a message; throws when it cannot travel, or no frame would hold it. */
export function encodeBody(value: unknown, { what, code }: BodyName): Uint8Array<ArrayBuffer> {
  let body: Uint8Array<ArrayBuffer>;
  try {
    body = encodeFrame(value, copyWithRoom);
  } catch (cause) {
    throw new DingError(code, `Cannot send ${what}: ${messageOf(cause)}`, {
      hint: "Use plain values, arrays, objects, typed arrays, dates, maps or sets.",
      cause,
    });
  }
  if (body.length <= MESSAGE_BODY_LIMIT_BYTES) return body;
  const told = `it takes ${body.length} bytes, the limit is ${MESSAGE_BODY_LIMIT_BYTES}`;
  throw new DingError(code, `Cannot send ${what}: ${told}`, {
    hint: "Write it to a file that both ends can read, and send the path.",
  });
}
