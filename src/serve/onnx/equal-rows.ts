import { Buffer } from "node:buffer";
import type { NamedTensor } from "../inference.ts";
import { sliceRows } from "../rows.ts";

/** Where among the rows of these tensors another value begins: 0, and each row that differs from the one before it. */
export function startsOfEqual(tensors: readonly NamedTensor[], rows: number): number[] {
  if (tensors.length === 0 || rows < 2) return [0];
  const bytesOfRow = Array.from({ length: rows }, (_, row) => {
    const payload = sliceRows({ kind: "tensors", rows, tensors }, row, 1);
    return payload.kind === "tensors" ? payload.tensors.map(({ data }) => data) : [];
  });
  const isChange = (row: number) =>
    row === 0 ||
    tensors.some((_, index) => {
      const [before, here] = [bytesOfRow[row - 1]?.[index], bytesOfRow[row]?.[index]];
      return !before || !here || Buffer.compare(before, here) !== 0;
    });
  return [...bytesOfRow.keys()].filter(isChange);
}
