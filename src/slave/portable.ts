import { messageOf } from "../core/errors.ts";
import { msgpack } from "../protocol/codec.ts";
import { MESSAGE_BODY_LIMIT_BYTES } from "../rpc/body.ts";

/** Longer words would not be read. */
const MOST_WORDS = 64 * 1024;

/** Why data that goes along with a failure or a refusal cannot travel inside a message; undefined when it can. */
export function faultOf(data: unknown): string | undefined {
  try {
    // As deep as in a message: what the other end cannot read would end the whole session.
    const bytes = msgpack.encode([[[[data]]]]);
    msgpack.decode(bytes);
    if (bytes.length <= MESSAGE_BODY_LIMIT_BYTES) return undefined;
    return `it takes ${bytes.length} bytes, the limit is ${MESSAGE_BODY_LIMIT_BYTES}`;
  } catch (thrown) {
    return wordsOf(thrown);
  }
}

/** The data, or words in its place when it cannot travel. */
export function portable(data: unknown): unknown {
  const fault = faultOf(data);
  return fault === undefined ? data : { message: `Cannot send data: ${fault}` };
}

/** The message of anything that was thrown, be it an object that contains itself. */
export function wordsOf(thrown: unknown): string {
  try {
    return String(messageOf(thrown)).slice(0, MOST_WORDS);
  } catch {
    return `Thrown value: a ${typeof thrown}`;
  }
}
