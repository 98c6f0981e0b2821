import type { LinkTarget } from "../worker-link/worker-link.ts";
import type { CollectorTask, LearnerTask } from "./worker-task.ts";

/** What a worker's slave is asked: the `name` of its task. The same in every ancestor. */
export const VERBS = {
  RESOURCE: "resource",
  COLLECTOR_START: "collector_start_task",
  COLLECTOR_DATA: "collector_data_task",
  COLLECTOR_CLOSE: "collector_close_task",
  LEARNER_START: "learner_start_task",
  LEARNER_GET_DATA: "learner_get_data_task",
  LEARNER_LEARN: "learner_learn_task",
  LEARNER_CLOSE: "learner_close_task",
} as const;

/** What a worker may be. */
export const WORKER_ROLES = ["collector", "evaluator", "learner"] as const;

/** One of them. */
export type WorkerRole = (typeof WORKER_ROLES)[number];

/** The answer to `resource`. */
export interface ResourceAnswer {
  role?: WorkerRole | undefined;
  /** Of the process that runs the code. */
  pid?: number | undefined;
  cpu?: number | undefined;
  gpu?: number | undefined;
  labels?: readonly string[] | undefined;
}

/** The data of the verbs as they go to a slave. */
export interface VerbData {
  name: string;
  /** With a start: the ancestor's keys, and the house's. */
  task_info?: StartInfo | undefined;
  /** With a start, for code that speaks over a link of its own. */
  link?: LinkTarget | undefined;
  /** With everything after it: which task is meant. */
  task_id?: string | undefined;
  attempt?: number | undefined;
  /** With a close: how long the code may take to come to an end. */
  drain_ms?: number | undefined;
  /** With a learn: what was sampled. */
  data?: unknown;
}

/** What a worker is started with. */
export interface StartInfo {
  task_id: string;
  attempt: number;
  policy_id: string;
  buffer_id: string;
  /** For workers with a link. */
  task: CollectorTask | LearnerTask;
  [key: string]: unknown;
}

/** The answer to a start. */
export interface StartAnswer {
  /** True: data, samples and weights go over the link, and `…_data_task` and `…_learn_task` last as long as the task. */
  link?: boolean | undefined;
  pid?: number | undefined;
}
