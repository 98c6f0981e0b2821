/** What a worker may ask of the weights, and what it is told of them. */
export const WEIGHT_METHODS = {
  /** Pieces of new weights, in order; the last one's answer is their version. */
  PUBLISH: "weights.publish",
  /** The answer to it: events with the pieces, then which weights they are, or nothing newer. */
  GET: "weights.get",
  /** From the coordinator: there is a newer version. */
  NOTICE: "weights.notice",
} as const;

/** Weights travel in pieces, so that whatever else is said does not wait for long. */
export const PIECE_BYTES = 4 * 1024 * 1024;

/** Weights of one version, at most. */
export const WEIGHTS_LIMIT_BYTES = 2 * 1024 * 1024 * 1024;

/** One piece of weights that are published. */
export interface PublishWords {
  /** The same for all pieces, another for the next weights. */
  upload: number;
  /** Of all pieces together. */
  bytes: number;
  sha256: string;
  /** Where this piece begins. */
  at: number;
}

/** Which weights are wanted. */
export interface GetWords {
  /** Null: the task's own. */
  policyId: string | null;
  /** This one, or else the newest beyond `newerThan`. */
  version: number | null;
  newerThan: number;
  /** Does the answer wait until there is one? */
  waits: boolean;
}

/** Which weights came; their bytes were in the events before. */
export interface WeightsHead {
  policyId: string;
  version: number;
  sha256: string;
  bytes: number;
}
