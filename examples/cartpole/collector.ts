import { type CollectorContext, defineCollector, Random } from "ding";
import { ActorCritic } from "./actor-critic.ts";
import { Rollout } from "./rollout.ts";
import { parametersOf } from "./weights.ts";

const ENVIRONMENTS = 8;
/** Of each environment, between two looks for newer weights. */
const STEPS = 64;

/** Plays with the newest weights, and gives what it saw to the learner. */
async function collect({
  task,
  weights,
  replay,
  draining,
  steps,
  episode,
}: CollectorContext): Promise<void> {
  const rollout = new Rollout(ENVIRONMENTS, new Random(task.seed));
  let held = await weights.next({ signal: draining });
  let policy = new ActorCritic(parametersOf(held.bytes));
  while (!draining.aborted) {
    const newer = await weights.latest({ newerThan: held.version, signal: draining });
    if (newer) {
      held = newer;
      policy = new ActorCritic(parametersOf(held.bytes));
    }
    const seen = rollout.collect(policy, STEPS);
    // Waits while the learner has enough: nobody learns from what an old policy did.
    await replay.insert({ ...seen }, { policyVersion: held.version, signal: draining });
    steps(seen.action.length, held.version);
    for (const total of rollout.takeReturns()) episode({ return: total });
  }
}

export default defineCollector({ collect });
