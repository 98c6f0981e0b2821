import type { CollectorContext, LearnerContext } from "./worker-context.ts";

/** What a worker can do, as numbers, and what it is, as words. */
export interface Resources {
  readonly cpu?: number | undefined;
  readonly gpu?: number | undefined;
  readonly labels?: readonly string[] | undefined;
}

/**
 * A collector: plays in an environment with the newest weights and inserts what it saw.
 *
 *     export default defineCollector({
 *       async collect({ task, weights, replay, draining, steps, episode }) { … },
 *     });
 */
export interface CollectorDefinition {
  /** Returns when `draining` aborts and its episode has ended; in an evaluation after `task.episodes`. */
  readonly collect: (context: CollectorContext) => unknown;
  /** Evaluations, where they are another thing; default: `collect`, with `task.isEval`. */
  readonly evaluate?: ((context: CollectorContext) => unknown) | undefined;
  /** What this worker can do; default: the cores of its machine. */
  readonly resources?: Resources | undefined;
}

/** An evaluator: workers of its own for evaluations, so that these take no collector's place. */
export interface EvaluatorDefinition {
  readonly evaluate: (context: CollectorContext) => unknown;
  readonly resources?: Resources | undefined;
}

/** A learner: samples, learns, and publishes weights; it returns when it is done, or `draining` aborts. */
export interface LearnerDefinition {
  readonly learn: (context: LearnerContext) => unknown;
  readonly resources?: Resources | undefined;
}
