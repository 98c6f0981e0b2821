/** Where a task of the coordinator is in its life. */
export const TaskState = {
  /** It waits for a worker, or for the end of the pause after an attempt. */
  QUEUED: "queued",
  /** It is on its way to a worker. */
  ASSIGNED: "assigned",
  RUNNING: "running",
  /** Its worker finishes what it is in the middle of. */
  DRAINING: "draining",
  /** Its end was asked for. */
  CLOSING: "closing",
  DONE: "done",
  FAILED: "failed",
  /** Its last worker went away. */
  LOST: "lost",
  CANCELLED: "cancelled",
} as const;

/** One of them. */
export type TaskState = (typeof TaskState)[keyof typeof TaskState];

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

/** The states that a task does not leave. */
export const END_STATES = ["done", "failed", "lost", "cancelled"] as const satisfies TaskState[];
