import type { CollectorFinish, CollectorInfo } from "../commander/commander.ts";
import type { SlavePlugin } from "../../slave/plugin.ts";
import type { CollectorDefinition, EvaluatorDefinition } from "./definitions.ts";
import { Totals } from "./totals.ts";
import type { CollectorContext } from "./worker-context.ts";
import { type Job, type StartData, workerPlugin } from "./worker-plugin.ts";
import type { WorkerAttempt } from "./worker-attempt.ts";
import type { WorkerParts } from "./worker-parts.ts";
import type { CollectorTask } from "./worker-task.ts";

/** A slave's plugin that collects: `ding slave --plugin THIS --join COORDINATOR`. */
export function defineCollector({
  collect,
  evaluate,
  resources,
}: CollectorDefinition): SlavePlugin {
  return workerPlugin({
    role: "collector",
    resources,
    begin: (attempt, start, parts) =>
      begin((context) => (context.task.isEval ? (evaluate ?? collect) : collect)(context), {
        attempt,
        start,
        parts,
      }),
  });
}

/** A slave's plugin that evaluates, and nothing else. */
export function defineEvaluator({ evaluate, resources }: EvaluatorDefinition): SlavePlugin {
  return workerPlugin({
    role: "evaluator",
    resources,
    begin: (attempt, start, parts) => begin(evaluate, { attempt, start, parts }),
  });
}

function begin(
  code: (context: CollectorContext) => unknown,
  { attempt, start, parts }: { attempt: WorkerAttempt; start: StartData; parts: WorkerParts },
): Job {
  const task = start.task_info.task as CollectorTask;
  const totals = new Totals();
  const startedAt = performance.now();
  const context: CollectorContext = {
    task,
    weights: parts.weights,
    replay: parts.replay,
    signal: attempt.signal,
    draining: attempt.draining,
    log: start.log,
    steps(count, policyVersion) {
      totals.steps(count, policyVersion);
      attempt.changed();
    },
    episode(ended) {
      totals.episode(ended);
      // Code that plays until it is to stop has played enough.
      if (task.episodes !== undefined && totals.episodes >= task.episodes) attempt.enough();
      attempt.changed();
    },
  };
  attempt.run(() => code(context));
  // Code that does not count its steps acts with what it was given.
  const told = <T extends CollectorInfo>(info: T): T => ({
    ...info,
    policyVersion: info.policyVersion || parts.weights.acting,
  });
  const finish = (): CollectorFinish =>
    told(totals.finish({ isEval: task.isEval, durationMs: performance.now() - startedAt }));
  return { attempt, info: (isDone) => (isDone ? finish() : told(totals.info(false))), finish };
}
