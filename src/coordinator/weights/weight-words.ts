/** What a worker may ask of the weights, and what it is told of them. */
export const WEIGHT_METHODS = {
  /** Pieces of new weights, in order; the last one's answer is their version. */
  PUBLISH: "weights.publish",
  /** An event says which weights come, others bring the pieces; the answer says that all have come, or that nothing is newer. */
  GET: "weights.get",
  /** New weights, in a file of the store's folder; the answer is their version. */
  PUBLISH_FILE: "weights.publishFile",
  /** From the coordinator: there is a newer version, and where files lie. */
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

/** Weights that lie in a file already: who publishes shares the store's disk. */
export interface PublishFileWords {
  /** Of the file: `incoming-…` in the folder of the task's policy. */
  name: string;
  bytes: number;
  sha256: string;
}

/** What is told of new weights. */
export interface NoticeWords {
  version: number;
  place?: WeightPlace | undefined;
}

/** Where the files of a store lie; who sees the probe there sees the same disk. */
export interface WeightPlace {
  root: string;
  probe: string;
}

/** Below that a file takes longer than the link. */
export const FILE_BYTES = 256 * 1024;

/** Which weights are wanted. */
export interface GetWords {
  /** Null: the task's own. */
  policyId: string | null;
  /** This one, or else the newest beyond `newerThan`. */
  version: number | null;
  newerThan: number;
  /** Does the answer wait until there is one? */
  waits: boolean;
  /** May they come as the name of a file? */
  byFile: boolean;
}

/** Which weights come; their bytes follow in pieces, or lie in a file. */
export interface WeightsHead {
  policyId: string;
  version: number;
  sha256: string;
  bytes: number;
  /** Below the root of the store. */
  file?: string | undefined;
}
