import type { NamedTensor } from "../inference.ts";
import type { BatchPlan } from "./batch-plan.ts";
import type { OnnxOutput, OnnxSession } from "./session.ts";
import { feedOf, rowsOfOutput, type RunSize } from "./tensors.ts";

/** Some rows that go through a model together. */
export interface Rows {
  /** In the order of the model's inputs. */
  readonly inputs: readonly NamedTensor[];
  readonly rows: number;
}

/** Rows in, as many rows out, in the order of the model's outputs; no more than the plan's `maxRows`. */
export async function runRows(
  session: OnnxSession,
  plan: BatchPlan,
  batch: Rows,
): Promise<NamedTensor[]> {
  const size = { rows: batch.rows, runRows: plan.isFixed ? (plan.maxRows ?? 1) : batch.rows };
  const outputs = await rawRun(session, plan, { ...batch, ...size });
  return outputs.map((output, index) => {
    return rowsOfOutput(output, { ...size, axis: plan.outputs[index] });
  });
}

/** One run of the model, with rows that are filled up to `runRows`: its outputs as they come. */
export function rawRun(
  session: OnnxSession,
  plan: BatchPlan,
  batch: Rows & RunSize,
): Promise<OnnxOutput[]> {
  const feeds = batch.inputs.map((tensor, index) => feedOf(tensor, plan.inputs[index], batch));
  return session.run(feeds);
}
