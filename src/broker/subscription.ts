import type { Clock } from "../core/clock.ts";
import { DingError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { backoffMs, type Backoff } from "../core/retry.ts";
import { Service } from "../core/service.ts";
import { delay } from "../core/wait.ts";
import { LeaseKeeper, type HeldLease } from "./held-lease.ts";
import { lostValue, type Job } from "./job.ts";
import type { Queue } from "./queue.ts";
import { GiveUp, NotTried, type Fate } from "./verdicts.ts";

/** Does one job; what it throws is the reason of a retry, but for `GiveUp` and `NotTried`. */
export type Work = (job: Job, context: WorkContext) => unknown;

/** What work gets beside its job. */
export interface WorkContext {
  /** Aborts when the lease is lost, or when the subscription ends and does not wait any longer. */
  signal: AbortSignal;
}

/** How a subscription works; all have defaults. */
export interface SubscribeOptions {
  /** How many jobs at a time; default 1. */
  concurrency?: number;
  /** How long a lease holds; it is renewed while the work goes on; default the queue's. */
  leaseMs?: number;
  /** Hears of every job what became of it, and why it failed. */
  onSettled?: (job: Job, fate: Fate, failure: string | undefined) => void;
  log?: Logger;
  clock?: Clock;
}

/** Between tries of a queue that cannot be reached. */
const PATIENCE: Backoff = { minMs: 100, maxMs: 10_000, jitter: 0.5 };

/**
 * Takes jobs, works, and says what became of them. A job begins while the word on the last one is on its way, and
 * when the word on the one before has come through: after a kill no more than two jobs a slot run twice.
 */
export class Subscription extends Service {
  readonly #queue: Queue;
  readonly #work: Work;
  readonly #options: Required<SubscribeOptions>;
  readonly #keeper: LeaseKeeper;
  readonly #running = new Map<Job, HeldLease>();
  /** Words on jobs that are on their way. */
  readonly #settling = new Set<Promise<void>>();
  #slots: Promise<unknown> = Promise.resolve();
  #taking = new AbortController();
  #resumed = Promise.withResolvers<void>();

  constructor(
    queue: Queue,
    work: Work,
    options: SubscribeOptions & Required<Pick<SubscribeOptions, "log" | "clock">>,
  ) {
    super();
    this.#queue = queue;
    this.#work = work;
    const defaults = { concurrency: 1, leaseMs: queue.leaseMs, onSettled: () => {} };
    this.#options = { ...defaults, ...options };
    const { leaseMs, clock, log } = this.#options;
    const hasLease = queue.can.has("lease");
    this.#keeper = new LeaseKeeper({
      leaseMs,
      clock,
      extend: async (lease, ms) => void (hasLease && (await queue.extend(lease, ms))),
      onLost: ({ id }, { message }) => log.warn("Lost a job under work", { id, reason: message }),
    });
    this.#resumed.resolve();
  }

  /** How many jobs are worked on. */
  get running(): number {
    return this.#running.size;
  }

  get isPaused(): boolean {
    return this.#taking.signal.aborted;
  }

  /** Takes no more jobs; what runs goes on. */
  pause(): void {
    if (this.isPaused) return;
    this.#resumed = Promise.withResolvers<void>();
    this.#taking.abort(new DingError("state.invalid", "Cannot take jobs: paused"));
  }

  /** Takes jobs again. */
  resume(): void {
    if (!this.isPaused || this.stopping.aborted) return;
    this.#taking = new AbortController();
    this.#resumed.resolve();
  }

  protected override async onStart(resources: AsyncDisposableStack): Promise<void> {
    resources.use(this.#keeper);
    resources.defer(() => this.#abandon());
    const stop = (): void => {
      this.#taking.abort(this.stopping.reason);
      this.#resumed.resolve();
    };
    this.stopping.addEventListener("abort", stop, { once: true });
    const { concurrency } = this.#options;
    this.#slots = Promise.all(Array.from({ length: concurrency }, () => this.#loop()));
  }

  protected override async onDrain(deadline: AbortSignal): Promise<void> {
    const over = new Promise<void>((resolve) =>
      deadline.addEventListener("abort", () => resolve(), { once: true }),
    );
    const settled = this.#slots.then(() => Promise.all(this.#settling));
    await Promise.race([settled, over]);
  }

  async #loop(): Promise<void> {
    const { leaseMs, clock } = this.#options;
    const hasLease = this.#queue.can.has("lease");
    let failures = 0;
    let last: Promise<void> = Promise.resolve();
    let before = last;
    while (!this.stopping.aborted && !this.#queue.stopping.aborted) {
      await this.#resumed.promise;
      const { signal } = this.#taking;
      const taking = this.#take(signal);
      await before;
      const { jobs, atMs, fault } = await taking;
      if (jobs) {
        failures = 0;
        // Nothing could be said of the job before for so long that this one may be another's by now.
        const isStale = hasLease && clock.now() - atMs > leaseMs / 2;
        for (const job of jobs) {
          if (isStale) {
            this.#giveBack(job);
            continue;
          }
          const attempt = await this.#attempt(job);
          before = last;
          last = this.#settleSoon(attempt);
        }
      } else if (!signal.aborted && !this.#queue.stopping.aborted) {
        await this.#waitAfter(fault, ++failures);
      }
    }
    await Promise.all([before, last]);
  }

  /** Never rejects. */
  async #take(signal: AbortSignal): Promise<{ jobs?: Job[]; atMs: number; fault?: unknown }> {
    const { leaseMs, clock } = this.#options;
    const wish = { leaseMs, waitMs: Infinity, signal, comesAgain: true };
    try {
      const jobs = await this.#queue.take(wish);
      return { jobs, atMs: clock.now() };
    } catch (fault) {
      return { fault, atMs: clock.now() };
    }
  }

  /** Nobody has run it; where that cannot be said, the lease's end says it. */
  #giveBack(job: Job): void {
    const released = this.#queue
      .release(job)
      .catch(() => {})
      .finally(() => this.#settling.delete(released));
    this.#settling.add(released);
  }

  /** Resolves when the word on a job outlives this process: the next one need not wait for the disk. */
  #settleSoon(attempt: Attempt): Promise<void> {
    return new Promise((resolve) => {
      const settled = this.#settle(attempt, resolve).finally(() => {
        this.#settling.delete(settled);
        resolve();
      });
      this.#settling.add(settled);
    });
  }

  /** The queue cannot be asked now: says so, and comes back after a while. */
  async #waitAfter(error: unknown, failures: number): Promise<void> {
    const waitMs = backoffMs(PATIENCE, failures);
    const facts = { queue: this.#queue.url, reason: messageOf(error), waitMs: Math.round(waitMs) };
    this.#options.log.warn("Cannot take jobs, trying again", facts);
    await delay(waitMs, this.stopping).catch(() => {}); // it stops: the loop sees that
  }

  async #attempt(job: Job): Promise<Attempt> {
    const held = this.#keeper.hold(job);
    this.#running.set(job, held);
    const context: WorkContext = {
      get signal() {
        return held.signal;
      },
    };
    try {
      await this.#work(job, context);
      return { job, held };
    } catch (error) {
      return { job, held, failure: { thrown: error, reason: messageOf(error) } };
    }
  }

  /** Never rejects: what cannot be said comes back with the lease's end. */
  async #settle({ job, held, failure }: Attempt, goOn: () => void): Promise<void> {
    let fate: Fate = "lost";
    const onWritten = (): void => {
      held[Symbol.dispose](); // there is no lease any more
      goOn();
    };
    for (let tries = 1; this.#running.has(job) && !held.isLost; tries++) {
      try {
        fate = await this.#tell({ job, failure, onWritten });
        break;
      } catch (thrown) {
        const { message, retryable } = DingError.from(thrown);
        const facts = { id: job.id, attempt: job.attempt, reason: message };
        this.#options.log.warn("Cannot say what became of a job", facts);
        if (!retryable) break;
        await delay(backoffMs(PATIENCE, tries), held.signal).catch(() => {}); // the loop sees it
      }
    }
    held[Symbol.dispose]();
    this.#running.delete(job);
    this.#options.onSettled(job, fate, failure?.reason);
  }

  async #tell({
    job,
    failure,
    onWritten,
  }: Omit<Attempt, "held"> & { onWritten: () => void }): Promise<Fate> {
    const { log } = this.#options;
    const facts = { id: job.id, attempt: job.attempt, reason: failure?.reason };
    if (!this.#queue.can.has("lease")) {
      if (failure?.thrown instanceof NotTried) {
        await this.#pushAgain(job);
        return "released";
      }
      if (failure)
        log.error("A job failed, and is gone with that", { ...facts, value: lostValue(job) });
      return failure ? "dead" : "done";
    }
    if (!failure) {
      await this.#queue.ack(job, onWritten);
      return "done";
    }
    const fate = await this.#tellFailure(job, failure);
    if (fate === "dead") log.error("A job failed for the last time", facts);
    else if (fate === "retried") log.warn("A job failed, and will be tried again", facts);
    return fate;
  }

  async #tellFailure(job: Job, { thrown, reason }: Failure): Promise<Fate> {
    if (thrown instanceof NotTried) {
      await this.#queue.release(job);
      return "released";
    }
    if (thrown instanceof GiveUp && this.#queue.can.has("dead")) {
      await this.#queue.deadLetter(job, reason);
      return "dead";
    }
    return await this.#queue.retry(job, { reason });
  }

  /** The grace is over: work that still goes on is told, and its jobs are for others. */
  async #abandon(): Promise<void> {
    const left = [...this.#running];
    this.#running.clear();
    for (const [, held] of left) {
      held[Symbol.dispose]();
      held.abort(this.stopping.reason);
    }
    const giveBack = this.#queue.can.has("lease")
      ? (job: Job) => this.#queue.release(job) // what fails here comes back with the lease's end
      : (job: Job) => this.#pushAgain(job);
    await Promise.allSettled(left.map(([job]) => giveBack(job)));
  }

  /** Where a job is gone as soon as it is taken, this is how it comes back. */
  async #pushAgain({ value }: Job): Promise<void> {
    await this.#queue.push({ value });
  }
}

/** How the work on a job has ended. */
interface Attempt {
  job: Job;
  held: HeldLease;
  failure?: Failure | undefined;
}

interface Failure {
  thrown: unknown;
  reason: string;
}
