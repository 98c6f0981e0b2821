import { Buffer } from "node:buffer";
import type { NamedTensor } from "../inference.ts";
import { sliceRows } from "../rows.ts";

/** Where among the rows of these tensors another value begins: at 0, and at each row that differs from the one before it. */
export function startsOfEqual(tensors: readonly NamedTensor[], rows: number): number[] {
  const starts = new Set([0]);
  for (const tensor of tensors) {
    if (isUniform(tensor, rows)) continue;
    const datas = Array.from({ length: rows }, (_, row) => {
      const payload = sliceRows({ kind: "tensors", rows, tensors: [tensor] }, row, 1);
      return (payload.kind === "tensors" && payload.tensors[0]?.data) || new Uint8Array();
    });
    for (const [row, data] of datas.entries()) {
      const before = datas[row - 1];
      if (before && Buffer.compare(before, data) !== 0) starts.add(row);
    }
  }
  return [...starts].sort((one, other) => one - other);
}

/** Numbers that are the same when moved by a row are the same in all rows: one look for the usual case. */
function isUniform({ datatype, data }: NamedTensor, rows: number): boolean {
  if (rows < 2) return true;
  const rowBytes = data.length / rows;
  const rest = data.subarray(rowBytes);
  return datatype !== "BYTES" && Buffer.compare(data.subarray(0, rest.length), rest) === 0;
}
