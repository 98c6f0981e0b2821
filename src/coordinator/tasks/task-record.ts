/** Where a task of the coordinator is in its life. */
export const TASK_STATES = [
  "queued",
  "assigned",
  "running",
  "draining",
  "closing",
  "done",
  "failed",
  "lost",
  "cancelled",
] as const;

/** One of them. */
export type TaskState = (typeof TASK_STATES)[number];

/** Who does a task. */
export type TaskKind = "collector" | "evaluator" | "learner";

/** One piece of work of the run, over all of its attempts. Times are of the coordinator's clock. */
export interface TaskRecord {
  readonly id: string;
  readonly kind: TaskKind;
  /** 1 for the first; what older attempts say is dropped. */
  readonly attempt: number;
  readonly state: TaskState;
  /** When it began to wait for a worker. */
  readonly queuedAt: number;
  /** It is not given out before, after an attempt that failed. */
  readonly notBefore: number;
  readonly assignedAt?: number | undefined;
  readonly workerId?: string | undefined;
  /** Until when its worker has to be heard of. */
  readonly leaseUntil?: number | undefined;
  /** Why the last attempt came to nothing. */
  readonly reason?: string | undefined;
  readonly payload: unknown;
}
