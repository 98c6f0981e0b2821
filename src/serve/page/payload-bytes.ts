import type { Payload } from "../inference.ts";

/** How many bytes of items or tensors there are in it. */
export function payloadBytes(payload: Payload): number {
  let bytes = 0;
  if (payload.kind === "tensors") for (const { data } of payload.tensors) bytes += data.length;
  else for (const value of payload.values) bytes += value.length;
  return bytes;
}

/** How many items, or rows of tensors. */
export function payloadRows(payload: Payload): number {
  return payload.kind === "tensors" ? payload.rows : payload.values.length;
}
