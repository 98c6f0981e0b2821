import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { inputFault } from "../faults.ts";

/** What a wait is for, and how long. */
export interface WaitRequest<T> {
  /** Who waits for the same goes in turn: one that cannot go on yet holds back all behind it that share a key. */
  keys: readonly string[];
  /** Tries to go on; undefined says that it cannot yet. What it throws ends the wait. */
  attempt: () => T | undefined;
  /** How the wait is called in its errors: "Cannot wait longer for …". */
  what: string;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

interface Waiter {
  keys: readonly string[];
  /** True when it is over, well or badly. */
  go: () => boolean;
  fail: (error: unknown) => void;
}

/**
 * Those who wait for a limiter, in the order in which they came. `pump()` after every change lets go on who can, and
 * whom that lets go on in turn: no wake-up is lost, because nobody sleeps on a flag. A wait ends by its attempt, its
 * signal, its timeout, or `close()`.
 */
export class WaitingLine {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #waiters = new Set<Waiter>();
  #isPumping = false;
  #isChanged = false;
  #closedBy: DingError | undefined;

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  get length(): number {
    return this.#waiters.size;
  }

  /** Does anyone wait for one of these? */
  isTaken(keys: readonly string[]): boolean {
    for (const waiter of this.#waiters) if (overlaps(waiter.keys, keys)) return true;
    return false;
  }

  throwIfClosed(): void {
    if (this.#closedBy) throw this.#closedBy;
  }

  /** The attempt's value, now or when it can; `wait.timeout`, `service.stopping`, `queue.full` or the signal's reason. */
  wait<T>(request: WaitRequest<T>): Promise<T> {
    const { keys, attempt, what, signal, timeoutMs } = request;
    return new Promise<T>((resolve, reject) => {
      this.throwIfClosed();
      signal?.throwIfAborted();
      if (Number.isNaN(timeoutMs)) throw inputFault("Cannot wait NaN ms: timeoutMs is no number");
      if (!this.isTaken(keys)) {
        const value = attempt();
        if (value !== undefined) return resolve(value);
      }
      if (timeoutMs !== undefined && timeoutMs <= 0) throw timeoutError(what, timeoutMs);
      if (this.#waiters.size >= this.#limit) throw fullError(what, this.#limit);
      const end = (): void => {
        this.#waiters.delete(waiter);
        timer?.[Symbol.dispose]();
        signal?.removeEventListener("abort", onAbort);
      };
      const fail = (error: unknown): void => {
        end();
        reject(error as Error);
      };
      const go = (): boolean => {
        try {
          const value = attempt();
          if (value === undefined) return false;
          end();
          resolve(value);
        } catch (error) {
          fail(error);
        }
        return true;
      };
      const leave = (error: unknown): void => {
        fail(error);
        this.pump(); // who was behind it may go on
      };
      const onAbort = (): void => leave(signal?.reason);
      const waiter: Waiter = { keys, go, fail };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
      const timer =
        timeoutMs === undefined || timeoutMs === Infinity
          ? undefined
          : this.#clock.after(timeoutMs, () => leave(timeoutError(what, timeoutMs)));
      // Whether it waits may itself matter to others: a sampler in need lets an insert in.
      this.pump();
    });
  }

  /** Something has changed: lets go on who can now. */
  pump(): void {
    this.#isChanged = true;
    if (this.#isPumping) return; // the pump that runs looks again
    this.#isPumping = true;
    try {
      while (this.#isChanged && this.#waiters.size > 0) {
        this.#isChanged = false;
        this.#letGoOn();
      }
    } finally {
      this.#isPumping = false;
    }
  }

  /** Ends every wait, also those to come, with this error. */
  close(error: DingError): void {
    this.#closedBy ??= error;
    for (const waiter of this.#waiters) waiter.fail(this.#closedBy);
  }

  #letGoOn(): void {
    const held = new Set<string>();
    for (const waiter of this.#waiters) {
      const isHeld = waiter.keys.some((key) => held.has(key));
      if (!isHeld && waiter.go()) this.#isChanged = true;
      else for (const key of waiter.keys) held.add(key);
    }
  }
}

function overlaps(some: readonly string[], others: readonly string[]): boolean {
  return some.some((key) => others.includes(key));
}

function timeoutError(what: string, timeoutMs: number): DingError {
  return new DingError("wait.timeout", `Cannot wait longer for ${what}: ${timeoutMs} ms passed`);
}

function fullError(what: string, limit: number): DingError {
  return new DingError("queue.full", `Cannot wait for ${what}: ${limit} wait already`);
}
