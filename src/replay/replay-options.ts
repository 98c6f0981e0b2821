import type { Clock } from "../core/clock.ts";
import type { Schema } from "./store/schema.ts";
import type { TableOptions } from "./table-options.ts";

/** What a replay is made of. */
export interface ReplayOptions {
  tables: readonly TableOptions[];
  /** Columns of a step; without it steps are any values, kept as they are. */
  schema?: Schema;
  /** The same seed, the same draws. Default 0. */
  seed?: number;
  /** Inserts and samples that wait at once; one more is refused with `queue.full`. Default 4,096. */
  maxWaiters?: number;
  /** Called for each step when the last table has let go of it: to delete a file it stands for. */
  onRelease?: (step: unknown) => void;
  clock?: Clock;
}

/** Steps: columns (typed arrays, or lists of numbers, end to end), or a list of steps. */
export type Steps = Readonly<Record<string, unknown>> | readonly unknown[];

/** How long a wait may take. */
export interface ReplayWait {
  signal?: AbortSignal | undefined;
  /** Default: for ever. */
  timeoutMs?: number | undefined;
}

/** How items go in. */
export interface InsertOptions extends ReplayWait {
  /** Into which tables; default all. They share the data. */
  tables?: readonly string[] | undefined;
  /** One for all items, or one for each; default, and where it is null, each table's highest so far. */
  priority?: number | ArrayLike<number | null> | undefined;
  /** The version of the policy that made them. Default 0. */
  policyVersion?: number | undefined;
}

/** How an episode goes in. */
export interface EpisodeOptions extends InsertOptions {
  /** Steps of an item; default the whole episode as one. */
  unrollLen?: number | undefined;
  /** From the beginning of one item to the next; default `unrollLen`: no overlap. The last item ends with the episode. */
  stride?: number | undefined;
  /** An episode of fewer steps than `unrollLen`: one shorter item ("keep", the default), or none ("drop"). */
  short?: "keep" | "drop" | undefined;
  /** These steps are of several sequences: those with the same value in this column belong together, in their order. */
  groupBy?: string | undefined;
  /** These items and no others; they may overlap. */
  windows?: readonly StepWindow[] | undefined;
}

/** Some steps of a sequence, side by side. */
export interface StepWindow {
  start: number;
  length: number;
}

/** What became of items: accepted and dropped are all of them. */
export interface Inserted {
  accepted: number;
  dropped: number;
}

/** How items come out. */
export interface SampleOptions extends ReplayWait {
  /** The version of the policy that learns; default the newest that was ever said. */
  policyVersion?: number | undefined;
}
