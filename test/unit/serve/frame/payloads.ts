import type { Tensors } from "../../../../src/serve/inference.ts";

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
