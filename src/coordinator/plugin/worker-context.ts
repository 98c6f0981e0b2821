import type { Logger } from "../../core/log.ts";
import type {
  EpisodeOptions,
  Inserted,
  InsertOptions,
  Steps,
} from "../../replay/replay-options.ts";
import type { CollectorTask, LearnerTask } from "./worker-task.ts";

/** One version of a policy's weights. */
export interface Weights {
  readonly policyId: string;
  /** From 1 on; never goes back. */
  readonly version: number;
  /** Of the bytes, in hex; they were checked against it. */
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** Which weights are meant. */
export interface WeightQuery {
  /** Default: the task's own policy. */
  policyId?: string | undefined;
  /** Nothing comes back when there is nothing newer; no bytes travel then. Default 0. */
  newerThan?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Reads weights that a learner has published. */
export interface WeightReader {
  /** The newest version of the task's policy that was heard of; 0 before the first. */
  readonly newest: number;
  /** The newest weights, or undefined when there are none newer than asked. */
  latest(query?: WeightQuery): Promise<Weights | undefined>;
  /** As `latest()`, but waits for them. */
  next(query?: WeightQuery): Promise<Weights>;
  /** One version that is still kept, such as a league's snapshot; rejects when it is gone. */
  at(policyId: string, version: number): Promise<Weights>;
}

/** Publishes weights, too. */
export interface WeightPublisher extends WeightReader {
  /** Makes them the newest, for everybody, all at once; resolves with their version. */
  publish(bytes: Uint8Array): Promise<number>;
}

/** Puts steps into the task's buffer; waits while its limiter holds them back. */
export interface ReplayWriter {
  insert(steps: Steps, options?: InsertOptions): Promise<Inserted>;
  insertEpisode(steps: Steps, options?: EpisodeOptions): Promise<Inserted>;
}

/** Items that came out of the task's buffer: columns end to end, in the order of `keys`. */
export interface SampledItems {
  readonly count: number;
  readonly columns: Readonly<Record<string, unknown>>;
  readonly keys: Float64Array;
  /** Importance weights; 1 where the sampler is not prioritized. */
  readonly weights: Float64Array;
  /** The policy version each was made with. */
  readonly versions: ArrayLike<number>;
  readonly priorities: ArrayLike<number>;
  /** Steps that each item has … */
  readonly lengths: ArrayLike<number>;
  /** … in so many places of each column; what is behind them is 0, or undefined. */
  readonly unroll: number;
  /** As a list of steps. */
  items(): readonly unknown[];
}

/** How items are asked for. */
export interface SampleQuery {
  /** Default: the first table. */
  table?: string | undefined;
  /** How many batches to ask for ahead; default 0. */
  prefetch?: number | undefined;
  /** The version that learns; default the newest published. */
  policyVersion?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Takes items out of the task's buffer. */
export interface ReplayReader {
  /** All or none; waits while the table's limiter holds them back. */
  sample(count: number, query?: SampleQuery): Promise<SampledItems>;
  /** Items that are gone are passed over. */
  updatePriorities(
    keys: ArrayLike<number>,
    priorities: ArrayLike<number>,
    table?: string,
  ): Promise<number>;
  /** Takes items out, those of which the data cannot be had as `lost`: they are counted so. Says how many there were. */
  delete(keys: ArrayLike<number>, query?: DeleteQuery): Promise<number>;
}

/** Which items go. */
export interface DeleteQuery {
  /** Default: the first table. */
  table?: string | undefined;
  /** Default "deleted". */
  why?: "deleted" | "lost" | undefined;
}

/** What every worker's code is given. */
interface WorkerContext {
  /** Aborts when the task must end now: what is not done is lost. */
  readonly signal: AbortSignal;
  /** Aborts when the task is to end soon: finish the episode, and return. */
  readonly draining: AbortSignal;
  readonly log: Logger;
}

/** What a collector's code is given. */
export interface CollectorContext extends WorkerContext {
  readonly task: CollectorTask;
  readonly weights: WeightReader;
  readonly replay: ReplayWriter;
  /** Counts steps of the environment, and says with which version of the weights they were made. */
  readonly steps: (count: number, policyVersion: number) => void;
  /** Counts an episode that has ended; `return` is its sum of rewards. */
  readonly episode: (ended: {
    return: number;
    won?: boolean | undefined;
    draw?: boolean | undefined;
  }) => void;
}

/** What a learner's code is given. */
export interface LearnerContext extends WorkerContext {
  readonly task: LearnerTask;
  readonly weights: WeightPublisher;
  readonly replay: ReplayReader;
  /** Tells how far it is; numbers are shown on the dashboard. `learnerStep` never goes back. */
  readonly report: (info: { learnerStep: number; [name: string]: number }) => void;
}
