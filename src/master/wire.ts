import type { DingError } from "../core/errors.ts";
import type { SlaveFacts } from "../protocol/task-session.ts";

/** A slave's answer to connect or disconnect, as the hooks get it. */
export interface SlaveResponse {
  status: number;
  success: boolean;
  code: number;
  message: string;
  data: unknown;
}

/** A task as it goes to a slave. */
export interface WireTask {
  id: string;
  attempt: number;
  data: unknown;
}

/** What a task hears from its slave. After `completed`, `failed`, `refused` or `lost` nothing follows. */
export interface WireEvents {
  /** It runs, or waits in the slave's queue. */
  accepted(): void;
  progress(value: unknown): void;
  /** Its slave is to stop, and lets it run for a while. */
  leaving?(): void;
  completed(result: unknown): void;
  /** The error's code tells cancelled and late tasks from failed ones. */
  failed(error: DingError, result: unknown): void;
  /** The slave did not take it. */
  refused(error: Error): void;
  /** The slave is gone; nobody knows how far the task came. */
  lost(error: DingError): void;
}

/** An open connection to a slave in one of the dialects. */
export interface Wire {
  readonly facts: SlaveFacts | undefined;
  readonly response: SlaveResponse;
  /** Sends the task; returns what asks the slave to cancel it. */
  send(task: WireTask, events: WireEvents): () => void;
  /** Asks the slave to let go; rejects when it refuses. */
  disconnect(data: unknown): Promise<SlaveResponse>;
  /** Lets go without asking. */
  abandon(): void;
}

/** Called once when the slave is gone: with the reason, or undefined when this end let it go. */
export type OnWireEnded = (error: DingError | undefined) => void;
