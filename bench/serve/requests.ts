import { inferBody, type TensorFormat } from "../../src/load/infer-body.ts";
import type { Request } from "../support/wrk.ts";

/** An infer request with one row of floats for the model `m` at this port. */
export function inferRequest(port: number, floats: number, format: TensorFormat): Request {
  const data = Array.from({ length: floats }, (_, at) => ((at * 7_919) % 1_000) / 1_000);
  const tensor = { name: "x", datatype: "FP32", shape: [1, floats], data } as const;
  const { bytes, headers } = inferBody([tensor], format);
  return { port, path: "/v2/models/m/infer", headers, body: bytes };
}

/** Sends it once; throws what is answered if it is refused. */
export async function ask({ port, path, headers, body }: Request): Promise<ArrayBuffer> {
  const url = `http://127.0.0.1:${port}${path}`;
  const answer = await fetch(url, {
    method: "POST",
    headers,
    body: body as Uint8Array<ArrayBuffer>,
  });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
  return await answer.arrayBuffer();
}
