/** One attempt at one task. */
export interface Run {
  readonly task: number;
  readonly slave: string;
  /** From 1. */
  readonly attempt: number;
}

/**
 * How a run ended: by itself, cancelled, because the slave was busy or is leaving (it never began),
 * because the slave does not want such a task, or because the slave or the way to it broke.
 */
export type Verdict =
  | "completed"
  | "failed"
  | "cancelled"
  | "busy"
  | "leaving"
  | "refused"
  | "lost";

/** The end of a task, told once. `O` is what the caller gave with the verdict; a task that hangs has none. */
export interface Ended<O> {
  readonly task: number;
  readonly slave: string;
  readonly attempts: number;
  readonly ms: number;
  readonly outcome: O | undefined;
  readonly isTimedOut: boolean;
}

/** What the caller must do. */
export type Action<O> =
  | { do: "dial"; slave: string }
  | { do: "start"; run: Run }
  | { do: "cancel"; run: Run }
  | { do: "report"; ended: Ended<O> };
