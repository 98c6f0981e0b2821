import type { Signature, TensorSpec } from "../../protocol/datatype.ts";
import type { BatchPlan, RowAxis } from "./batch-plan.ts";
import type { OnnxValue } from "./values.ts";

/** The inputs of a model with the rows on the first axis, and where clients see them. */
export function inputSignature(values: readonly OnnxValue[], { inputs }: BatchPlan): Signature {
  return signatureOf(values, inputs, null);
}

/** The same of its outputs; where requests have rows, an output without an axis for them gets one in front. */
export function outputSignature(values: readonly OnnxValue[], plan: BatchPlan): Signature {
  const isBatched = plan.inputs.some((axis) => axis !== undefined);
  return signatureOf(values, plan.outputs, isBatched ? 0 : null);
}

function signatureOf(
  values: readonly OnnxValue[],
  rowAxes: readonly RowAxis[],
  withoutAxis: 0 | null,
): Signature {
  return Object.fromEntries(
    values.map(({ name, datatype, axes }, index): [string, TensorSpec] => {
      const own = rowAxes[index];
      const sizes = axes.map(({ size }) => size);
      const spec = {
        datatype,
        shape: [-1, ...(own === undefined ? sizes : sizes.toSpliced(own, 1))],
      };
      const axis = own ?? withoutAxis;
      return [name, axis === 0 ? spec : { ...spec, axis }];
    }),
  );
}
