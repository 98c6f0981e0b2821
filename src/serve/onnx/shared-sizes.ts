import type { DingError } from "../../core/errors.ts";
import type { NamedTensor } from "../inference.ts";
import type { RowAxis } from "./batch-plan.ts";
import { inputFault } from "./input-fault.ts";
import type { OnnxValue } from "./values.ts";

/** What is wrong with rows in which axes of one name, such as "seq", are not of one size; undefined when all fit. */
export function sizesFault(
  values: readonly OnnxValue[],
  rowAxes: readonly RowAxis[],
  tensors: readonly NamedTensor[],
): DingError | undefined {
  const known = new Map<string, { name: string; size: number }>();
  for (const [index, { name, axes }] of values.entries()) {
    const own = rowAxes[index];
    const tail = own === undefined ? axes : axes.toSpliced(own, 1);
    for (const [axis, { symbol }] of tail.entries()) {
      if (!symbol) continue;
      const size = tensors[index]?.shape[axis + 1] ?? 0;
      const other = known.get(symbol);
      if (!other) known.set(symbol, { name, size });
      else if (other.size !== size) {
        return inputFault(
          name,
          `"${symbol}" is ${size} here, and ${other.size} in "${other.name}"`,
        );
      }
    }
  }
  return undefined;
}
