import { LONGEST_TIMER_MS, type Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Driver, Taken } from "./driver.ts";
import type { Job } from "./job.ts";
import { Stock } from "./stock.ts";
import { Takers, type Demand, type Taker } from "./takers.ts";

/** What a taker asks for. */
export interface TakeOptions {
  /** At most so many jobs; default 1. */
  max?: number;
  /** How long they are one's own; default the queue's. */
  leaseMs?: number;
  /** How long to wait for the first one; default 0: only what is there. Infinity waits for good. */
  waitMs?: number;
  signal?: AbortSignal;
  /** It comes again as soon as it has done its jobs: more may be fetched ahead for it; default false. */
  comesAgain?: boolean;
}

export interface TakeDeskOptions {
  clock: Clock;
  log: Logger;
  stopping: AbortSignal;
}

/**
 * Brings those who wait and the jobs that come together: asks the driver once for all of them, again when it nudges
 * or when a delay or lease ends, and never else. While nobody waits, nothing runs.
 */
export class TakeDesk implements AsyncDisposable {
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stopping: AbortSignal;
  readonly #takers = new Takers();
  readonly #once = new Set<Taker>();
  readonly #returning = new Set<Promise<void>>();
  readonly #stock: Stock;
  #watch: Disposable | undefined;
  #alarm: Disposable | undefined;
  #asking: Promise<void> | undefined;
  #refilling: Promise<void> | undefined;
  #isStale = false;

  constructor(driver: Driver, { clock, log, stopping }: TakeDeskOptions) {
    this.#driver = driver;
    this.#clock = clock;
    this.#log = log;
    this.#stopping = stopping;
    this.#stock = new Stock({ clock, giveBack: (job) => this.#giveBack(job) });
    const end = (): void => {
      this.#stock.clear();
      this.#takers.fail(stopping.reason);
      this.#rest();
    };
    stopping.addEventListener("abort", end, { once: true });
  }

  /** One that was fetched ahead, for a taker that comes again. */
  takeReady(leaseMs: number): Job | undefined {
    if (this.#takers.size > 0) return undefined;
    const job = this.#stock.takeOne(leaseMs);
    const max = job && !this.#refilling ? this.#stock.runsLow(leaseMs) : 0;
    if (max > 0 && !this.#stopping.aborted) {
      this.#refilling = this.#refill(max, leaseMs).finally(() => (this.#refilling = undefined));
    }
    return job;
  }

  take(options: TakeOptions & { leaseMs: number }): Promise<Job[]> {
    const { max = 1, leaseMs, waitMs = 0, signal, comesAgain = false } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      if (this.#stopping.aborted) return reject(this.#stopping.reason as Error);
      const leave = (): void => {
        timer?.[Symbol.dispose]();
        signal?.removeEventListener("abort", abort);
        this.#once.delete(taker);
      };
      const give = (jobs: Job[]): void => {
        leave();
        resolve(jobs);
      };
      const fail = (error: unknown): void => {
        leave();
        reject(error as Error);
      };
      const taker: Taker = { max, leaseMs, give, fail, comesAgain };
      const abort = (): void => {
        this.#stock.clear(); // who leaves wants no more
        if (!this.#takers.remove(taker)) return;
        fail(signal?.reason);
        this.#restIfIdle();
      };
      const timer = this.#timeout(waitMs, () => {
        if (!this.#takers.remove(taker)) return;
        give([]);
        this.#restIfIdle();
      });
      signal?.addEventListener("abort", abort, { once: true });
      this.#takers.add(taker);
      if (waitMs <= 0) this.#once.add(taker);
      this.#ask();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#rest();
    await Promise.all([this.#asking, this.#refilling]);
    this.#stock.clear();
    this.#rest();
    await Promise.all(this.#returning);
  }

  #timeout(waitMs: number, run: () => void): Disposable | undefined {
    return waitMs > 0 && waitMs <= LONGEST_TIMER_MS ? this.#clock.after(waitMs, run) : undefined;
  }

  /** Asks at the end of this turn, for all who came in it; once more if something happens while it asks. */
  #ask(): void {
    this.#isStale = true;
    this.#asking ??= this.#serve().finally(() => {
      this.#asking = undefined;
      if (this.#isStale && this.#takers.size > 0) this.#ask();
    });
  }

  async #serve(): Promise<void> {
    await Promise.resolve();
    while (this.#isStale && this.#takers.size > 0) {
      this.#isStale = false;
      if (this.#refilling) await this.#refilling; // it brings what they wait for
      const once = [...this.#once];
      try {
        // Watch before looking: what comes in between must be seen.
        if (!this.#stopping.aborted) this.#watch ??= this.#driver.watch(() => this.#ask());
        for (const demand of this.#takers.demands()) await this.#meet(demand);
      } catch (error) {
        // Nobody is left waiting for a queue that cannot be asked: they decide whether to try again.
        this.#takers.fail(error);
      }
      this.#takers.sendAway(once);
    }
    this.#restIfIdle();
  }

  /** Never rejects: what is in the way is told to the next one who asks. */
  async #refill(max: number, leaseMs: number): Promise<void> {
    const taking = this.#driver.take(max, leaseMs);
    const { jobs } = await taking.catch((): Taken => ({ jobs: [] }));
    const spare = this.#takers.deal(leaseMs, jobs);
    if (this.#stopping.aborted) for (const job of spare) this.#giveBack(job);
    else this.#stock.fill(spare, { isAll: jobs.length === max, leaseMs });
  }

  async #meet({ leaseMs, max, comesAgain }: Demand): Promise<void> {
    const stocked = this.#stock.take(max, leaseMs);
    for (const job of this.#takers.deal(leaseMs, stocked)) this.#giveBack(job);
    const left = max - stocked.length;
    if (left === 0) return;
    const asked = left + (comesAgain ? this.#stock.moreThan(left, leaseMs) : 0);
    const { jobs, againInMs } = await this.#driver.take(asked, leaseMs);
    const spare = this.#takers.deal(leaseMs, jobs);
    if (comesAgain && !this.#stopping.aborted) {
      this.#stock.fill(spare, { isAll: jobs.length === asked, leaseMs });
    } else {
      for (const job of spare) this.#giveBack(job);
    }
    if (jobs.length === asked || againInMs === undefined || this.#stopping.aborted) return;
    this.#alarm?.[Symbol.dispose]();
    const inMs = Math.min(Math.max(0, Math.ceil(againInMs)), LONGEST_TIMER_MS);
    this.#alarm = this.#clock.after(inMs, () => this.#ask());
  }

  /** Its taker has gone meanwhile. Where that fails the lease's end gives it back. */
  #giveBack(job: Job): void {
    const returning = this.#driver
      .release(job)
      .catch((error: unknown) => {
        const facts = { id: job.id, error: messageOf(error) };
        this.#log.warn("A job that nobody waits for any more could not be given back", facts);
      })
      .finally(() => this.#returning.delete(returning));
    this.#returning.add(returning);
  }

  #restIfIdle(): void {
    if (this.#takers.size === 0) this.#rest();
  }

  #rest(): void {
    this.#alarm?.[Symbol.dispose]();
    this.#alarm = undefined;
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }
}
