import { packingOf } from "../../http/content-type.ts";
import { readBytes } from "../../http/read-bytes.ts";
import { fault } from "./fault.ts";
import type { OipBody } from "./given-tensors.ts";
import { unpacked } from "./compression.ts";

/** How long the JSON in front of the bytes is. */
export const JSON_LENGTH_HEADER = "Inference-Header-Content-Length";

/** The body of a request to infer; `raw` where the client says that it has no JSON. */
export type InferBody = OipBody | { readonly raw: Uint8Array };

/** Reads a body, unpacks it, and cuts it where its header says. */
export async function readInferBody(request: Request, limitBytes: number): Promise<InferBody> {
  const { headers } = request;
  const bytes = await readBody(request, limitBytes);
  const told = headers.get(JSON_LENGTH_HEADER);
  if (told === null) return { json: bytes, binary: NO_BYTES };
  const length = jsonLength(told, bytes.length);
  if (length === 0) return { raw: bytes };
  return { json: bytes.subarray(0, length), binary: bytes.subarray(length) };
}

/** A body as it was before the client packed it. */
export function readBody(request: Request, limitBytes: number): Promise<Uint8Array> {
  const reading = readBytes(request, limitBytes);
  const encoding = packingOf(request.headers.get("content-encoding"));
  if (encoding === undefined) return reading;
  return reading.then((bytes) => unpacked(bytes, encoding, limitBytes));
}

const NO_BYTES = new Uint8Array();

function jsonLength(told: string, bodyBytes: number): number {
  if (!/^\d+$/.test(told)) {
    throw fault(JSON_LENGTH_HEADER, `expected a number of bytes, got ${JSON.stringify(told)}`);
  }
  const length = Number(told);
  if (length <= bodyBytes) return length;
  throw fault(JSON_LENGTH_HEADER, `it says ${told} bytes, the body has ${bodyBytes}`);
}
