import { decodeBatchGroups } from "../../../../src/serve/batch-frame.ts";
import { partsOf } from "../../../../src/serve/frame-reader.ts";
import type { Payload, Tensors } from "../../../../src/serve/inference.ts";
import type { WorkerMemory } from "../../../../src/serve/worker/worker-memory.ts";

/** The payloads of a batch, as they went in. */
export function decodeBatch(body: Uint8Array, memory?: WorkerMemory): Payload[] {
  return decodeBatchGroups(body, memory).flatMap((group) => partsOf(group) as Payload[]);
}

/** Rows of so many numbers, each another. */
export function floats(rows: number, size: number, name = "x"): Tensors {
  const numbers = Float32Array.from({ length: rows * size }, (_, index) => index + rows * 100);
  const data = new Uint8Array(numbers.buffer);
  return {
    kind: "tensors",
    rows,
    tensors: [{ name, datatype: "FP32", shape: [rows, size], data }],
  };
}

/** A row for each text. */
export function bytesTensor(texts: readonly string[]): Tensors {
  const encoder = new TextEncoder();
  const parts = texts.flatMap((text) => {
    const bytes = encoder.encode(text);
    return [new Uint8Array(Uint32Array.of(bytes.length).buffer), bytes];
  });
  const data = new Uint8Array(Buffer.concat(parts));
  const rows = texts.length;
  return {
    kind: "tensors",
    rows,
    tensors: [{ name: "s", datatype: "BYTES", shape: [rows], data }],
  };
}
