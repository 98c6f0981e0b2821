/** Where a task of the master is in its life. */
export const TaskStatus = {
  IDLE: "IDLE",
  STARTING: "STARTING",
  STARTED: "STARTED",
  /** The slave refused it, or it never reached one. */
  START_FAILED: "START_FAILED",
  COMPLETED: "COMPLETED",
  FAILED: "FAILED",
  CANCELLED: "CANCELLED",
  TIMED_OUT: "TIMED_OUT",
  /** Its slave went away; whether it ran to its end is not known. */
  LOST: "LOST",
} as const;

/** One of them. */
export type TaskStatus = (typeof TaskStatus)[keyof typeof TaskStatus];
