import type { Signature, TensorSpec } from "../../protocol/datatype.ts";
import type { RowAxis } from "./batch-plan.ts";
import type { OnnxValue } from "./values.ts";

/** The inputs or outputs of a model with the rows on the first axis, and where clients see them. */
export function signatureOf(values: readonly OnnxValue[], rowAxes: readonly RowAxis[]): Signature {
  return Object.fromEntries(
    values.map(({ name, datatype, axes }, index): [string, TensorSpec] => {
      const axis = rowAxes[index];
      const sizes = axes.map(({ size }) => size);
      const tail = axis === undefined ? sizes : sizes.toSpliced(axis, 1);
      const spec = { datatype, shape: [-1, ...tail] };
      return [name, axis === 0 ? spec : { ...spec, axis: axis ?? null }];
    }),
  );
}
