import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { backoffMs } from "../../core/retry.ts";
import { isBusy, isFull } from "./sqlite-fault.ts";

export interface GroupCommitOptions {
  clock: Clock;
  /** Runs as the last step of each transaction. */
  finish: () => void;
  /** Runs when a transaction was not written. */
  undo: () => void;
  /** How long another process may hold the file before what waits is given up; default 60,000. */
  patienceMs?: number;
}

interface Step {
  run: () => unknown;
  mustLast: boolean;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  sinceMs: number;
}

/** What is said while the file is held by others comes together; more than this at once would stop the process for long. */
const MOST_STEPS = 5_000;
const DEFAULT_PATIENCE_MS = 60_000;
/** Others hold the file for about as long as a write to the disk takes. */
const BUSY = { minMs: 1, maxMs: 8, jitter: 0.9 };

/**
 * Makes one transaction of all that is asked within a turn of the event loop: one write to the disk serves them all.
 * A step that throws a DingError has changed nothing, and fails alone; another error fails the transaction.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #options: GroupCommitOptions;
  #steps: Step[] = [];
  #isPlanned = false;
  #busyTries = 0;
  #isLax = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(db: DatabaseSync, options: GroupCommitOptions) {
    this.#db = db;
    this.#options = options;
  }

  /** Resolves when the step is written; `mustLast`: it must be there also after a power failure. */
  add<T>(run: () => T, { mustLast }: { mustLast: boolean }): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const sinceMs = this.#options.clock.now();
      this.#steps.push({ run, mustLast, resolve: resolve as Step["resolve"], reject, sinceMs });
      this.#plan();
    });
  }

  /** Resolves when all that was asked has ended. */
  async settled(): Promise<void> {
    if (!this.#isPlanned) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const steps = this.#steps.splice(0, MOST_STEPS);
    const isHeldByOthers = !this.#write(steps);
    this.#busyTries = isHeldByOthers ? this.#busyTries + 1 : 0;
    if (isHeldByOthers) this.#steps = [...this.#giveUpLate(steps), ...this.#steps];
    this.#isPlanned = false;
    if (this.#steps.length === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    } else if (isHeldByOthers) {
      this.#isPlanned = true;
      this.#options.clock.after(backoffMs(BUSY, this.#busyTries), () => this.#flush());
    } else {
      this.#plan();
    }
  }

  /** False if another process holds the file. */
  #write(steps: Step[]): boolean {
    try {
      this.#setLax(!steps.some(({ mustLast }) => mustLast));
      this.#db.exec("BEGIN IMMEDIATE");
    } catch (error) {
      if (isBusy(error)) return false;
      for (const { reject } of steps) reject(error);
      return true;
    }
    const tell: (() => void)[] = [];
    try {
      for (const step of steps) tell.push(runStep(step));
      this.#options.finish();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      // One that needs room must not take along those that make room.
      if (isFull(error) && steps.length > 1) return steps.every((step) => this.#writeAlone(step));
      for (const { reject } of steps) reject(error);
      return true;
    }
    for (const each of tell) each();
    return true;
  }

  #writeAlone(step: Step): boolean {
    if (!this.#write([step])) this.#steps.push(step);
    return true;
  }

  #rollBack(): void {
    this.#options.undo();
    // SQLite has done it already for some errors.
    if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
  }

  /** A lease that a power failure takes away is only a job that runs again: it need not wait for the disk. */
  #setLax(isLax: boolean): void {
    if (isLax === this.#isLax) return;
    this.#db.exec(`PRAGMA synchronous = ${isLax ? "NORMAL" : "FULL"}`);
    this.#isLax = isLax;
  }

  #giveUpLate(steps: Step[]): Step[] {
    const { clock, patienceMs = DEFAULT_PATIENCE_MS } = this.#options;
    const lateMs = clock.now() - patienceMs;
    return steps.filter(({ sinceMs, reject }) => {
      if (sinceMs > lateMs) return true;
      reject(new Error(`database is locked for ${patienceMs} ms`));
      return false;
    });
  }
}

/** Gives what to tell its asker once all is written. */
function runStep({ run, resolve, reject }: Step): () => void {
  try {
    const value = run();
    return () => resolve(value);
  } catch (error) {
    if (!(error instanceof DingError)) throw error;
    return () => reject(error);
  }
}
