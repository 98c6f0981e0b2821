import { defineLearner, type LearnerContext, Random } from "ding";
import { freshParameters } from "./actor-critic.ts";
import { Ppo } from "./ppo.ts";
import type { Transitions } from "./rollout.ts";
import { bytesOf, parametersOf } from "./weights.ts";

/** Steps of one update. */
const BATCH = 512;

/** Takes what collectors saw, learns from it, and publishes what came out. */
async function learn({
  task,
  weights,
  replay,
  draining,
  report,
  log,
}: LearnerContext): Promise<void> {
  // Where another learner was before: this one goes on from there.
  const last = await weights.latest({ signal: draining });
  const chance = new Random(task.seed);
  const ppo = await Ppo.start(last ? parametersOf(last.bytes) : freshParameters(chance));
  let version = last?.version ?? (await weights.publish(bytesOf(ppo.parameters)));
  log.info(`${last ? "goes on" : "begins"} with version ${version}`);
  while (!draining.aborted) {
    const batch = await replay.sample(BATCH, { signal: draining });
    const loss = ppo.learn(batch.columns as unknown as Transitions);
    version = await weights.publish(bytesOf(ppo.parameters));
    report({ learnerStep: version, loss });
  }
}

export default defineLearner({ learn });
