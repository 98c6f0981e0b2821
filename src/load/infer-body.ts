import { Buffer } from "node:buffer";
import { binaryOf, type LoadTensor } from "./random-tensor.ts";
import type { LoadBody } from "./target.ts";

/** How tensors are written. */
export type TensorFormat = "json" | "binary";

/** The body of an infer request of the Open Inference Protocol; a binary one asks for a binary answer. */
export function inferBody(tensors: readonly LoadTensor[], format: TensorFormat): LoadBody {
  if (format === "json") {
    const inputs = tensors.map(({ name, datatype, shape, data }) => {
      return { name, shape, datatype, data };
    });
    return jsonBody({ inputs });
  }
  const parts = tensors.map(binaryOf);
  const inputs = tensors.map(({ name, datatype, shape }, at) => ({
    name,
    shape,
    datatype,
    parameters: { binary_data_size: parts[at]?.length ?? 0 },
  }));
  const head = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  return {
    bytes: Buffer.concat([head, ...parts]),
    headers: {
      "Content-Type": "application/octet-stream",
      "Inference-Header-Content-Length": String(head.length),
    },
  };
}

/** A JSON body. */
export function jsonBody(value: unknown): LoadBody {
  return {
    bytes: Buffer.from(JSON.stringify(value)),
    headers: { "Content-Type": "application/json" },
  };
}
