/** What a collector or an evaluator is given to do. */
export interface CollectorTask {
  /** `collector_task_…`, `evaluator_task_…`: the same in every attempt. */
  readonly taskId: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** True: play `episodes` episodes as well as it can be done, and insert nothing. */
  readonly isEval: boolean;
  /** Whose weights to act with. */
  readonly policyId: string;
  readonly bufferId: string;
  /** How many episodes an evaluation takes; undefined for a collection without an end. */
  readonly episodes: number | undefined;
  /** Another number for every task and attempt; the same ones in a run of the same seed. */
  readonly seed: number;
  /** What the commander wants of this task, such as how much to explore. */
  readonly setting: Readonly<Record<string, unknown>>;
  /** `config` of this worker's section in the configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Who plays, in a league: the first is the one that learns. */
  readonly players: readonly Player[];
}

/** One side of a game. */
export interface Player {
  readonly playerId: string;
  readonly policyId: string;
  /** Undefined: the newest there is. */
  readonly version: number | undefined;
  /** How strong it is so far, where the commander rates players. */
  readonly rating?: number;
}

/** What a learner is given to do. */
export interface LearnerTask {
  /** `learner_task_…` */
  readonly taskId: string;
  readonly attempt: number;
  /** Whose weights it publishes. */
  readonly policyId: string;
  readonly bufferId: string;
  readonly seed: number;
  readonly setting: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
}
