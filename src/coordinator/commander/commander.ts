import type { Player } from "../plugin/worker-task.ts";
import type { Resources } from "../plugin/definitions.ts";
import type { TaskRecord } from "../tasks/task-record.ts";

/** A collector's or evaluator's task as a commander wants it. */
export interface CollectorOrder {
  /** `collector_task_…`; `evaluator_task_…` for an evaluation. */
  readonly taskId: string;
  readonly kind: "collector" | "evaluator";
  readonly policyId: string;
  readonly bufferId: string;
  readonly episodes?: number | undefined;
  readonly setting?: Readonly<Record<string, unknown>> | undefined;
  readonly players?: readonly Player[] | undefined;
  /** What a worker must have at least. */
  readonly needs?: Resources | undefined;
}

/** A learner's task as a commander wants it; its buffer is made with it, and closed when the commander says so. */
export interface LearnerOrder {
  /** `learner_task_…` */
  readonly taskId: string;
  readonly policyId: string;
  readonly bufferId: string;
  readonly setting?: Readonly<Record<string, unknown>> | undefined;
  readonly needs?: Resources | undefined;
}

/** How far a collector's task is; numbers count from the beginning of the attempt. */
export interface CollectorInfo {
  readonly collectorDone: boolean;
  readonly envSteps: number;
  readonly episodes: number;
  readonly returnSum: number;
  readonly lastReturn?: number | undefined;
  /** The version of the weights it acts with. */
  readonly policyVersion: number;
}

/** How a collector's task ended; the ancestor's names of the same: `reward_mean`, `step_count`, … */
export interface CollectorFinish extends CollectorInfo {
  readonly isEval: boolean;
  /** Mean return of its episodes; 0 without any. */
  readonly rewardMean: number;
  readonly rewardStd: number;
  readonly durationMs: number;
  /** Of the games of a league. */
  readonly wins: number;
  readonly draws: number;
  readonly losses: number;
}

/** How far a learner is. */
export interface LearnInfo {
  readonly learnerStep: number;
  readonly learnerDone: boolean;
  /** The newest version that it has published; 0 before the first. */
  readonly policyVersion: number;
  readonly [name: string]: unknown;
}

/** How a learner's task ended. */
export type LearnerFinish = LearnInfo;

/** Weights that are to be kept under another name, whatever becomes of the version they are a copy of. */
export interface WeightCopy {
  readonly policyId: string;
  readonly version: number;
  readonly toPolicyId: string;
}

/** How many workers are there and take tasks. */
export interface WorkerCounts {
  readonly collectors: number;
  readonly learners: number;
  readonly evaluators: number;
}

/**
 * Decides what is done next. It is asked after everything that happens, and at `wakeAt`; it sets no timers and opens
 * nothing. What it throws fails the run.
 */
export interface Commander {
  /** The next task for a collector or an evaluator, or null while there is none. */
  nextCollectorTask(now: number): CollectorOrder | null;
  nextLearnerTask(now: number): LearnerOrder | null;
  /** Is the task at its end? */
  judgeCollectorFinish(taskId: string, info: CollectorInfo): boolean;
  judgeLearnerFinish(taskId: string, info: LearnInfo): boolean;
  /** `shutdown`: the goal is reached, and the run ends. */
  finishCollectorTask(taskId: string, result: CollectorFinish): { shutdown: boolean };
  finishLearnerTask(
    taskId: string,
    result: LearnerFinish,
  ): { closeBuffer?: string | undefined; shutdown?: boolean | undefined };
  /** A task was not assigned in time, or its attempt failed; "drop" gives its place back. */
  onTaskFailed(task: TaskRecord): "retry" | "drop";
  updateLearnerInfo(taskId: string, info: LearnInfo): void;
  onWorkers(counts: WorkerCounts): void;
  increaseCollectorTaskSpace(): void;
  decreaseCollectorTaskSpace(): void;
  /** Weights to be copied since it was last asked, such as a league's snapshots. */
  takeCopies?(): readonly WeightCopy[];
  /** Policies that it has no use for any more, since it was last asked: their weights go. */
  takeRetired?(): readonly string[];
  /** What it has to show besides: ratings, say. */
  facts?(): Readonly<Record<string, unknown>>;
  /** When it wants to be asked although nothing happens, in the clock of `now`; undefined: never. */
  wakeAt(now: number): number | undefined;
  /** Everything that it has to know after a restart, in plain values; times are differences. */
  stateDict(now: number): unknown;
  loadStateDict(state: unknown, now: number): void;
  /** After a restart, of a run that had reached its goal: is it still the goal? Default: yes. */
  hasEnded?(): boolean;
}

/** What a commander is made of: its section of the configuration, and chance that can be said again. */
export interface CommanderOptions {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Evaluations have workers of their own, even if none is there yet. */
  readonly hasEvaluators?: boolean | undefined;
}

/** A commander of one's own: the default export of a module, or written into the configuration. */
export type CommanderFactory = (options: CommanderOptions) => Commander;

/** Says that a function makes commanders, and has its types checked. */
export function defineCommander(factory: CommanderFactory): CommanderFactory {
  return factory;
}
