import { planBatch, planOne } from "./batch-plan.ts";
import { sampleRows } from "./sample-rows.ts";
import type { OnnxSession } from "./session.ts";
import { inputSignature } from "./signature.ts";
import { tryFixedPlan, tryPlan, type TriedPlan } from "./try-plan.ts";

/** How a model batches, by what it says and by trial, which warms it up too. A model that no made-up row fits keeps what it says. */
export async function settlePlan(session: OnnxSession): Promise<TriedPlan> {
  const plan = planBatch(session.inputs, session.outputs);
  const signature = inputSignature(session.inputs, plan);
  const others = sampleRows(signature, 1);
  for (const [index, row] of sampleRows(signature).entries()) {
    try {
      if (!plan.isFixed) return await tryPlan(session, plan, [row, others[index]]);
      return await tryFixedPlan(session, plan, [row, others[index] ?? row]);
    } catch {
      // It wants other sizes.
    }
  }
  if (!plan.isFixed || plan.maxRows === 1) return { plan };
  const whyAlone = `no trial shows whether its ${plan.maxRows} rows are a batch`;
  return { plan: planOne(session.inputs, session.outputs), whyAlone };
}
