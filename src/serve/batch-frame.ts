import type { ErrorRecord } from "../core/errors.ts";
import { decodeFrames } from "../protocol/codec.ts";
import { encodeBody } from "../rpc/body.ts";
import type { Payload } from "./inference.ts";
import type { SharedMemory } from "./shared-memory.ts";

export { mergeRows, payloadBytes, sliceRows } from "./rows.ts";

/** What a worker makes of one payload: its outputs in the same kind and form, or why there are none. */
export type BatchResult = Payload | { readonly error: ErrorRecord };

/** What a worker answers to a batch. */
export interface BatchAnswer {
  /** In preprocess, predict and postprocess. */
  readonly computeMs: number;
  /** One per payload of the batch, in its order. */
  readonly results: readonly BatchResult[];
}

/** The body of a batch. With shared memory large tensors go there: `memory.release(body)` when the batch has ended. */
export function encodeBatch(payloads: readonly Payload[], _memory?: SharedMemory): Uint8Array {
  return encodeBody(payloads, { what: "batch", code: "http.too-large" });
}

/** The payloads of a batch; they are views of the body, or of shared memory until the batch is answered. */
export function decodeBatch(body: Uint8Array, _memory?: SharedMemory): Payload[] {
  return decoded(body) as Payload[];
}

/** The body of an answer, in a worker. */
export function encodeAnswer(answer: BatchAnswer, _memory?: SharedMemory): Uint8Array {
  return encodeBody(answer, { what: "answer", code: "task.invalid-result" });
}

/** The answer of a worker; call it for each, as they arrive: it frees the shared memory of all before it. */
export function decodeAnswer(body: Uint8Array, _memory?: SharedMemory): BatchAnswer {
  return decoded(body) as BatchAnswer;
}

function decoded(body: Uint8Array): unknown {
  let value: unknown;
  decodeFrames(body, (one) => (value = one));
  return value;
}
