import type { InsertOptions, StepWindow } from "../../replay/replay-options.ts";

/** What a worker may ask of the buffer of its task. */
export const REPLAY_METHODS = {
  INSERT: "replay.insert",
  INSERT_EPISODE: "replay.insertEpisode",
  SAMPLE: "replay.sample",
  PRIORITIES: "replay.priorities",
  DELETE: "replay.delete",
} as const;

/** So many calls of one link may be open; one more is refused with `queue.full`. */
export const MOST_OPEN_CALLS = 64;

/** What goes with an insert; its body is the steps and, where each has one of its own, the priorities. */
export interface InsertWords extends Omit<InsertOptions, "signal" | "priority"> {
  unrollLen?: number | undefined;
  stride?: number | undefined;
  short?: "keep" | "drop" | undefined;
  groupBy?: string | undefined;
  windows?: readonly StepWindow[] | undefined;
}

/** What goes with a sample. */
export interface SampleWords {
  table: string | null;
  count: number;
  policyVersion: number | null;
}

/** The answer to an insert. */
export interface InsertAnswer {
  accepted: number;
  dropped: number;
  /** The worker is to go on only with weights of this version, or newer ones. */
  pauseUntil?: number | undefined;
}

/** The answer to a sample: what a batch has, each list in the order of the keys. */
export interface SampleAnswer {
  count: number;
  /** Steps of the longest item; shorter ones end in zeros. */
  unroll: number;
  columns: Record<string, unknown>;
  /** Columns that are one number a step, and no list of one. */
  scalars: readonly string[];
  keys: Float64Array;
  /** Null: all are 1. */
  weights: Float32Array | null;
  priorities: Float64Array;
  versions: Float64Array;
  /** Null: all are 1. */
  lengths: Int32Array | null;
}
