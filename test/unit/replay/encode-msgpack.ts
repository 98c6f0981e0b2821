import { msgpack } from "../../../src/protocol/codec.ts";

/** The bytes that a value is saved as. */
export function encodeMsgpack(value: unknown): Uint8Array {
  return msgpack.encode(value);
}

/** What comes back of a value that was saved. */
encodeMsgpack.copy = <T>(value: T): T => msgpack.decode(msgpack.encode(value)) as T;
