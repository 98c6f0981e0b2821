import type { DingError, ErrorRecord } from "../../core/errors.ts";
import type { EndStatus } from "./result-line.ts";
import type { Verdict } from "./scheduler-run.ts";
import type { SlaveRoom } from "./slave-entry.ts";

/** How one attempt at a task ended. */
export interface Outcome {
  verdict: Verdict;
  status: EndStatus;
  result: unknown;
  error?: ErrorRecord | undefined;
}

/** A task that was sent to a slave. */
export interface TaskHandle {
  /** Never rejects. */
  readonly ended: Promise<Outcome>;
  /** Asks the slave to end the task; `ended` tells when it has. */
  cancel(): void;
}

/** A slave that is connected. */
export interface SlaveHandle {
  readonly room: SlaveRoom;
  /** Resolves, with the reason, when the connection is no more; never rejects. */
  readonly closed: Promise<string>;
  begin(data: unknown, attempt: { id: string; attempt: number }): TaskHandle;
}

/** What came of dialling a slave; `isFinal` when it said no in a way that will not change. */
export type Dialled = { slave: SlaveHandle } | { error: DingError; isFinal: boolean };

/** The slaves of a job, as far as running it must know. */
export interface Fleet {
  /** Connects to the slave at `HOST:PORT`; never rejects. */
  dial(name: string, signal: AbortSignal): Promise<Dialled>;
  /** Tells of every slave that dials in by itself, until disposed. */
  onJoin?(joined: (name: string, slave: SlaveHandle) => void): Disposable;
}
