import { systemClock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { backoffMs, type Backoff } from "../../core/retry.ts";
import type { RoundContext, UnitContext } from "../unit-context.ts";
import type { UnitSteps } from "../unit-plugin.ts";
import { isAway } from "./job-failure.ts";
import { PATIENCE, type ModelLife } from "./model-life.ts";
import type { Rounds } from "./rounds.ts";

/** What a unit that finds its jobs itself goes round with. */
export interface UnitLoopOptions {
  steps: UnitSteps;
  model: ModelLife;
  context: UnitContext;
  rounds: Rounds;
}

/** After a round without a job. */
const REST_MS = 100;
/** After rounds that threw, one after the other. */
const AFTER_FAULTS: Backoff = { minMs: 50, maxMs: 1_000, jitter: 0.3 };

/** Does `doWork` again and again, until the unit is to end; what it throws is logged with the job, and told. */
export async function runLoop(options: UnitLoopOptions): Promise<void> {
  const { context } = options;
  for (let failures = 0; !context.stopping.aborted;) {
    failures = (await runRound(options, failures)) ? 0 : failures + 1;
    await immediate();
  }
}

/** True unless it threw. */
async function runRound(
  { steps, model, context, rounds }: UnitLoopOptions,
  failures: number,
): Promise<boolean> {
  const round = roundContext(context);
  const begunMs = systemClock.now();
  rounds.begun();
  try {
    const isDone = (await steps.doWork(model.value, round)) !== false;
    if (isDone) {
      rounds.done(systemClock.now() - begunMs);
    } else {
      rounds.idle();
      await context.sleep(REST_MS);
    }
    return true;
  } catch (thrown) {
    const isWaiting = isAway(thrown);
    const patience = isWaiting ? PATIENCE : AFTER_FAULTS;
    const waitMs = Math.round(backoffMs(patience, failures + 1));
    const { job } = round;
    const reason = messageOf(thrown);
    context.log.error(`doWork failed: ${reason}`, { ...(job !== undefined && { job }), waitMs });
    rounds.failed(systemClock.now() - begunMs, reason, isWaiting);
    await context.sleep(waitMs);
    return false;
  }
}

/** The job is behind an accessor: a context that is made from this one sets it here, too. */
function roundContext(context: UnitContext): RoundContext {
  let current: unknown;
  return Object.defineProperty(Object.create(context) as RoundContext, "job", {
    get: () => current,
    set: (job: unknown) => {
      current = job;
    },
  });
}

/** Even a loop that never waits lets the process hear that it is to end. */
function immediate(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
