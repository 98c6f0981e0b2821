import { type CollectorContext, defineEvaluator, Random } from "ding";
import { ActorCritic } from "./actor-critic.ts";
import { addToCurve } from "./curve.ts";
import { evaluate as play } from "./rollout.ts";
import { parametersOf } from "./weights.ts";

/** Plays whole episodes with the newest weights, and draws how they went into the curve. */
async function evaluate({
  task,
  weights,
  draining,
  steps,
  episode,
}: CollectorContext): Promise<void> {
  const { version, bytes } = await weights.next({ signal: draining });
  const policy = new ActorCritic(parametersOf(bytes));
  const returns = play(policy, task.episodes ?? 100, new Random(task.seed));
  const mean = returns.reduce((sum, total) => sum + total, 0) / returns.length;
  const { curve } = task.config;
  const folder = typeof curve === "string" ? curve : ".";
  const line = await addToCurve(folder, { version, mean, at: Date.now() });
  console.log(`version ${version}: mean return ${mean.toFixed(1)}  ${line}`);
  // Last: when all episodes are counted, the evaluation is over.
  for (const total of returns) {
    steps(total, version);
    episode({ return: total });
  }
}

export default defineEvaluator({ evaluate });
