import type { Logger } from "../core/log.ts";

/** What a task is given besides its data. */
export interface TaskContext {
  /** Aborts when the task is cancelled or late. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Tells the master how far the task is; any value that a result may be. */
  readonly progress: (value: unknown) => void;
  /** A UUID; the same when the task is tried again. */
  readonly taskId: string;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly channel: number;
  /** Which worker of the slave runs it: "w0", "w1", … */
  readonly workerId: string;
}
