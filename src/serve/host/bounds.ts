import type { Clock } from "../../core/clock.ts";
import type { DingError } from "../../core/errors.ts";
import type { Job } from "./job.ts";
import { cancelledError, lateError } from "./refusals.ts";

/** A request that is answered sooner costs nothing more: whoever hangs up meanwhile gets his answer made. */
const SOON_MS = 20;

/** Calls `leave`, at most once, when a job's time is up or nobody wants its answer any more. */
export class Bounds {
  readonly #clock: Clock;
  readonly #leave: (job: Job, error: DingError) => void;
  /** In the order in which they came; each is looked at once. */
  #fresh: Job[] = [];
  #timer: Disposable | undefined;

  constructor(clock: Clock, leave: (job: Job, error: DingError) => void) {
    this.#clock = clock;
    this.#leave = leave;
  }

  add(job: Job): void {
    const { timeoutMs } = job.request;
    if (timeoutMs) {
      const timer = this.#clock.after(timeoutMs, () => this.#leave(job, lateError(timeoutMs)));
      onEnd(job, () => timer[Symbol.dispose]());
    }
    this.#fresh.push(job);
    this.#timer ??= this.#clock.after(SOON_MS, () => this.#look());
  }

  /** Every job has ended; others may come. */
  clear(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#fresh = [];
  }

  /** Those that wait longer are followed: only for them the runtime makes a signal. */
  #look(): void {
    this.#timer = undefined;
    const jobs = this.#fresh;
    this.#fresh = [];
    for (const job of jobs) if (!job.isEnded) this.#follow(job);
  }

  #follow(job: Job): void {
    const { signal } = job.request;
    if (!signal) return;
    const abort = (): void => this.#leave(job, cancelledError());
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    onEnd(job, () => signal.removeEventListener("abort", abort));
  }
}

function onEnd(job: Job, run: () => void): void {
  job.inference.then(run, run);
}
