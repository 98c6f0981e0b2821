import type { Clock } from "../../core/clock.ts";
import { DeadlineTimer } from "../../core/deadline-timer.ts";
import type { DingError } from "../../core/errors.ts";
import type { Job } from "./job.ts";
import { cancelledError, lateError } from "./refusals.ts";

/**
 * A request that is answered sooner costs nothing more: whoever hangs up meanwhile gets his answer made. In steps of
 * this: a timer for each would be due at once whenever the process rests, and to set the machine's clock takes longer
 * than a small request.
 */
const SOON_MS = 20;

/** Calls `leave`, which ends the job, when its time is up or nobody wants its answer any more. */
export class Bounds {
  readonly #clock: Clock;
  readonly #leave: (job: Job, error: DingError) => void;
  readonly #limits: DeadlineTimer<Limit>;
  /** In the order in which they came; each is looked at once. */
  #fresh: Job[] = [];
  #timer: Disposable | undefined;

  constructor(clock: Clock, leave: (job: Job, error: DingError) => void) {
    this.#clock = clock;
    this.#leave = leave;
    this.#limits = new DeadlineTimer(clock, ({ job }) => {
      if (job) leave(job, lateError(job.request.timeoutMs ?? 0));
    });
  }

  add(job: Job): void {
    if (isShort(job)) this.#limit(job);
    this.#fresh.push(job);
    this.#timer ??= this.#clock.after(SOON_MS, () => this.#look());
  }

  /** Every job has ended; others may come. */
  clear(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#fresh = [];
    this.#limits[Symbol.dispose]();
  }

  /** Only those that wait longer are followed. */
  #look(): void {
    const now = this.#clock.now();
    const jobs = this.#fresh;
    let at = 0;
    for (; at < jobs.length; at++) {
      const job = jobs[at] as Job;
      if (job.arrivedMs + SOON_MS > now) break;
      if (job.isEnded) continue;
      if (!isShort(job)) this.#limit(job);
      this.#follow(job);
    }
    this.#fresh = jobs.slice(at);
    const isOver = this.#fresh.length === 0;
    this.#timer = isOver ? undefined : this.#clock.after(SOON_MS, () => this.#look());
  }

  #limit(job: Job): void {
    if (job.deadline === Infinity) return;
    const limit = new Limit(job);
    this.#limits.add(limit);
    onEnd(job, () => {
      limit.job = undefined;
      this.#limits.onGone();
    });
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

/** When a job's time is up; lets go of it when it has ended. */
class Limit {
  readonly deadline: number;
  job: Job | undefined;

  constructor(job: Job) {
    this.deadline = job.deadline;
    this.job = job;
  }

  get isGone(): boolean {
    return this.job === undefined;
  }
}

/** Its time may be up before anybody looks. */
function isShort({ request: { timeoutMs } }: Job): boolean {
  return timeoutMs !== undefined && timeoutMs <= 2 * SOON_MS;
}

function onEnd(job: Job, run: () => void): void {
  job.hear(run);
}
