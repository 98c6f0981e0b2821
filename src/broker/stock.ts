import type { Clock } from "../core/clock.ts";
import type { Job } from "./job.ts";

export interface StockOptions {
  clock: Clock;
  /** Gets those that nobody came for in time. */
  giveBack: (job: Job) => void;
}

/** What is gone so quickly would better have been more; what lies longer is for others. */
const QUICK_MS = 20;
const LONGEST_MS = 100;
const LEASE_PARTS = 20;
const FIRST = 4;
/** For each one that was asked for. */
const MOST_EACH = 7;
/** More is fetched when this part of the most is left. */
const LOW_PARTS = 4;

/**
 * Jobs that were fetched before somebody asked, for takers that come again at once: the more, the quicker they are
 * gone, and none where work takes its time or the queue is nearly empty. They are under lease; nobody has run them.
 */
export class Stock {
  readonly #options: StockOptions;
  #jobs: Job[] = [];
  /** Those before it are gone. */
  #next = 0;
  #leaseMs = 0;
  #filledMs = 0;
  #more = 0;
  /** So many at once at most, by those who wanted some together since there were fewer than wished for. */
  #most = 0;
  #timer: Disposable | undefined;

  constructor(options: StockOptions) {
    this.#options = options;
  }

  /** How many more to fetch with these. */
  moreThan(max: number, leaseMs: number): number {
    this.#most = Math.max(this.#most, max * (1 + MOST_EACH));
    return leaseMs / LEASE_PARTS < QUICK_MS ? 0 : Math.min(this.#more, max * MOST_EACH);
  }

  /** At most so many under leases of this length. */
  take(max: number, leaseMs: number): Job[] {
    const jobs: Job[] = [];
    while (jobs.length < max) {
      const job = this.takeOne(leaseMs);
      if (!job) break;
      jobs.push(job);
    }
    return jobs;
  }

  /** How many to fetch now, so that they are there when the last ones go; mostly 0. */
  runsLow(leaseMs: number): number {
    const left = this.#jobs.length - this.#next;
    if (left !== Math.ceil(this.#most / LOW_PARTS) || leaseMs !== this.#leaseMs) return 0;
    this.#pace();
    return Math.min(this.#more, this.#most);
  }

  takeOne(leaseMs: number): Job | undefined {
    if (this.#next === this.#jobs.length || leaseMs !== this.#leaseMs) return undefined;
    const job = this.#jobs[this.#next++];
    if (this.#next === this.#jobs.length) this.#emptied();
    return job;
  }

  /** Keeps what is over after `asked` of them came, of those that were wished for with the stock. */
  fill(jobs: Job[], { isAll, leaseMs }: { isAll: boolean; leaseMs: number }): void {
    if (!isAll) this.#more = this.#most = 0;
    else if (this.#more === 0) this.#more = FIRST;
    if (jobs.length === 0) return;
    if (leaseMs !== this.#leaseMs) this.clear();
    this.#timer?.[Symbol.dispose]();
    this.#jobs = [...this.#jobs.slice(this.#next), ...jobs];
    this.#next = 0;
    this.#leaseMs = leaseMs;
    const { clock } = this.#options;
    this.#filledMs = clock.now();
    const longestMs = Math.min(LONGEST_MS, leaseMs / LEASE_PARTS);
    this.#timer = clock.after(longestMs, () => this.clear());
  }

  /** Gives back what is left. */
  clear(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const left = this.#jobs.slice(this.#next);
    this.#forget();
    if (left.length > 0) this.#more = 0;
    for (const job of left) this.#options.giveBack(job);
  }

  #emptied(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#forget();
    this.#pace();
  }

  #pace(): void {
    const isQuick = this.#options.clock.now() - this.#filledMs < QUICK_MS;
    this.#more = isQuick ? this.#more * 2 : Math.floor(this.#more / 2);
  }

  #forget(): void {
    this.#jobs = [];
    this.#next = 0;
  }
}
