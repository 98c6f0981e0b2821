/** What a worker may ask of the weights, and what it is told of them. */
export const WEIGHT_METHODS = {
  /** Pieces of new weights, in order; the last one's answer is their version. */
  PUBLISH: "weights.publish",
  /** An event says which weights come, others bring the pieces; the answer says that all have come, or that nothing is newer. */
  GET: "weights.get",
  /** From the coordinator: there is a newer version. */
  NOTICE: "weights.notice",
} as const;

/** Events of an answer. */
export const WEIGHT_EVENTS = { HEAD: "head", PIECE: "piece" } as const;

/** Weights travel in pieces, so that whatever else is said does not wait for long. */
export const PIECE_BYTES = 1024 * 1024;

/** Weights of one version, at most. */
export const WEIGHTS_LIMIT_BYTES = 2 * 1024 * 1024 * 1024;

/** One piece of weights that are published. */
export interface PublishWords {
  /** The same for all pieces, another for the next weights. */
  upload: number;
  /** Of all pieces together. */
  bytes: number;
  /** Where this piece begins. */
  at: number;
  /** Of all, with the last piece: who publishes sums up while it sends. */
  sha256?: string | undefined;
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

/** Which weights come; their bytes follow in pieces. */
export interface WeightsHead {
  policyId: string;
  version: number;
  sha256: string;
  bytes: number;
}
