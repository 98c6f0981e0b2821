import type { Clock } from "../../core/clock.ts";
import type { DingError } from "../../core/errors.ts";
import type { Job } from "./job.ts";
import { cancelledError, lateError } from "./refusals.ts";

/**
 * A request that is answered sooner costs nothing more: whoever hangs up meanwhile gets his answer made. In steps of
 * this: a timer for each would be due at once whenever the process rests, and to set the machine's clock takes longer
 * than a small request.
 */
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
    if (isShort(job)) this.#limit(job, job.arrivedMs);
    this.#fresh.push(job);
    this.#timer ??= this.#clock.after(SOON_MS, () => this.#look());
  }

  /** Every job has ended; others may come. */
  clear(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#fresh = [];
  }

  /** Those that wait longer are followed: only for them there is a timer, and the runtime makes a signal. */
  #look(): void {
    const now = this.#clock.now();
    const jobs = this.#fresh;
    let at = 0;
    for (; at < jobs.length; at++) {
      const job = jobs[at] as Job;
      if (job.arrivedMs + SOON_MS > now) break;
      if (job.isEnded) continue;
      if (!isShort(job)) this.#limit(job, now);
      this.#follow(job);
    }
    this.#fresh = jobs.slice(at);
    const isOver = this.#fresh.length === 0;
    this.#timer = isOver ? undefined : this.#clock.after(SOON_MS, () => this.#look());
  }

  #limit(job: Job, now: number): void {
    const { timeoutMs } = job.request;
    if (!timeoutMs) return;
    const leftMs = Math.max(0, job.arrivedMs + timeoutMs - now);
    const timer = this.#clock.after(leftMs, () => this.#leave(job, lateError(timeoutMs)));
    onEnd(job, () => timer[Symbol.dispose]());
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

/** Its time may be up before anybody looks. */
function isShort({ request: { timeoutMs } }: Job): boolean {
  return timeoutMs !== undefined && timeoutMs <= 2 * SOON_MS;
}

function onEnd(job: Job, run: () => void): void {
  job.hear(run);
}
