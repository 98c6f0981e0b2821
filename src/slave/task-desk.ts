import { Fifo } from "./fifo.ts";
import { RecentIds } from "./recent-ids.ts";

/** What a task finds when it comes. */
export type Admission =
  | "run"
  | "queue"
  /** Every place is taken and this slave does not queue. */
  | "busy"
  /** The queue has reached its limit. */
  | "full"
  /** It came before: it is here, or was here not long ago. */
  | "known";

/** The four task modes: refuse or queue when busy, one or several at a time. */
export interface DeskOptions {
  mode: "refuse" | "queue";
  concurrency: number;
  queueLimit: number;
  /** How many ended tasks are remembered, so that a repeated one does not run again. */
  remember: number;
}

/**
 * Decides which tasks run, wait or are turned away. Pure.
 *
 *   admit() → running ── finish() ──────→ remembered
 *        └──→ queued ── start of next ↗ (from finish())
 *                └── withdraw() ───────→ remembered
 */
export class TaskDesk {
  readonly #options: DeskOptions;
  readonly #running = new Set<string>();
  readonly #queued = new Fifo<string>();
  readonly #ended: RecentIds;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#ended = new RecentIds(options.remember);
  }

  get running(): number {
    return this.#running.size;
  }

  get queued(): number {
    return this.#queued.size;
  }

  isRunning(id: string): boolean {
    return this.#running.has(id);
  }

  admit(id: string): Admission {
    const { mode, concurrency, queueLimit } = this.#options;
    if (this.#running.has(id) || this.#queued.has(id) || this.#ended.has(id)) return "known";
    if (this.#running.size < concurrency) {
      this.#running.add(id);
      return "run";
    }
    if (mode === "refuse") return "busy";
    if (this.#queued.size >= queueLimit) return "full";
    this.#queued.push(id);
    return "queue";
  }

  /** A running task has ended; returns the one that takes its place, now running. */
  finish(id: string): string | undefined {
    if (!this.#running.delete(id)) return undefined;
    this.#ended.add(id);
    const next = this.#queued.shift();
    if (next !== undefined) this.#running.add(next);
    return next;
  }

  /** A queued task is no longer wanted; false when it is not queued. */
  withdraw(id: string): boolean {
    if (!this.#queued.delete(id)) return false;
    this.#ended.add(id);
    return true;
  }

  /** A refused task may come again. */
  forget(id: string): void {
    this.#ended.delete(id);
  }
}
