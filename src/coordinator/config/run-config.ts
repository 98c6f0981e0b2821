import type { ReplayOptions } from "../../replay/replay-options.ts";
import type { CommanderFactory } from "../commander/commander.ts";
import type { Resources } from "../plugin/definitions.ts";

/** A kind of worker: its code, what that is told, and what it needs. */
export interface WorkerSection {
  /** A module, relative to the configuration; `defineCollector`, `defineLearner` or `defineEvaluator`. */
  plugin: string;
  /** Any plain values; the code finds them in `task.config`. */
  config?: Record<string, unknown> | undefined;
  /** What a worker must have at least to be given such tasks. */
  needs?: Resources | undefined;
}

/** Who decides what is done next. */
export interface CommanderSection {
  /** A built-in one, a module of your own, or the function that makes it. Default "solo". */
  type?: "solo" | "oneVsOne" | (string & {}) | CommanderFactory | undefined;
  /** Collector tasks at a time, at least 1; default, and at least: as many as there are collectors. */
  collectorTaskSpace?: number | undefined;
  /** Learner tasks at a time; default 1. */
  learnerTaskSpace?: number | undefined;
  /** Seconds between evaluations; default 60. */
  evalInterval?: number | undefined;
  /** Episodes of an evaluation; default 10. */
  evalEpisodes?: number | undefined;
  /** The run ends when an evaluation's mean return is at least this; without it, it ends with the learner. */
  stopValue?: number | undefined;
  /** Any plain values; collectors find them in `task.setting`. */
  collect?: Record<string, unknown> | undefined;
  /** The league of "oneVsOne". */
  league?: Record<string, unknown> | undefined;
  /** Of a commander of one's own: whatever it knows. */
  [name: string]: unknown;
}

/** What becomes of data of a collector whose weights are too old. */
export type OnPolicyLag = "drop" | "pause" | "mark";

/** A run: what it is about (`main`), and where it runs (`system`). */
export interface RunConfig {
  main: {
    /** Logs go to ./<exp_name>/log. */
    exp_name: string;
    /** The same seed, the same choices of the coordinator. */
    seed?: number | undefined;
    commander?: CommanderSection | undefined;
    collector: WorkerSection;
    learner: WorkerSection;
    /** Without it collectors evaluate too. */
    evaluator?: WorkerSection | undefined;
    replay: Omit<ReplayOptions, "onRelease" | "clock" | "seed">;
    weights?:
      | {
          /** How many versions of a policy are kept; default 4. */
          keep?: number | undefined;
          /** So many versions may a collector be behind; default: any. */
          maxPolicyLag?: number | undefined;
          onLag?: OnPolicyLag | undefined;
        }
      | undefined;
  };
  system?: { coordinator?: CoordinatorSection | undefined } | undefined;
}

/** A worker by address, as the ancestor writes it: [id, host, port]. */
export type WorkerAddress = readonly [id: string, host: string, port: number];

/** Where the coordinator listens, and how patient it is. Times are in seconds. */
export interface CoordinatorSection {
  host?: string | undefined;
  port?: number | undefined;
  /** How long a task may wait for a worker; default 30 … */
  collectorTaskTimeout?: number | undefined;
  /** … and a learner's; default 600. */
  learnerTaskTimeout?: number | undefined;
  collector?: Readonly<Record<string, WorkerAddress>> | undefined;
  learner?: Readonly<Record<string, WorkerAddress>> | undefined;
  evaluator?: Readonly<Record<string, WorkerAddress>> | undefined;
  /** How long the code of a task may be silent; default 30. */
  leaseTimeout?: number | undefined;
  /** How long a worker's slave, or its link, may be silent before it is given up; default 17. */
  toleranceTimeout?: number | undefined;
  /** How long a worker that is let go may take for its episode; default 30. */
  drainTimeout?: number | undefined;
  /** How often a task is tried; default 10. */
  maxAttempts?: number | undefined;
  /** How often state is saved; default 30. */
  snapshotInterval?: number | undefined;
  operatorServer?: OperatorSection | undefined;
}

/** The server that starts and stops workers, such as DI-orchestrator's. */
export interface OperatorSection {
  /** HOST:PORT */
  systemAddr: string;
  apiVersion?: "v1alpha1" | "v2alpha1" | undefined;
  https?: boolean | undefined;
  namespace?: string | undefined;
  /** Of the coordinator; in v2alpha1 the job's id. */
  name?: string | undefined;
  /** What is asked for at the start. */
  initReplicasRequest?: { collectors?: ReplicaRequest; learners?: ReplicaRequest } | undefined;
  collectorTargetNum?: number | undefined;
  learnerTargetNum?: number | undefined;
  /** Seconds between two looks; default 1. */
  syncInterval?: number | undefined;
}

/** How many workers of a kind, and how large each. */
export interface ReplicaRequest {
  replicas: number;
  cpu?: string | undefined;
  gpu?: string | undefined;
  memory?: string | undefined;
}

/** Says that a value configures a run, and has its types checked. */
export function defineRun(config: RunConfig): RunConfig {
  return config;
}
