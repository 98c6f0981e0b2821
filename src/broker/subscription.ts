import type { Clock } from "../core/clock.ts";
import { DingError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { backoffMs, type Backoff } from "../core/retry.ts";
import { Service } from "../core/service.ts";
import { delay, isThenable } from "../core/wait.ts";
import { LeaseContext, LeaseKeeper, type HeldLease } from "./held-lease.ts";
import type { Job } from "./job.ts";
import type { Queue } from "./queue.ts";
import type { TakeDesk } from "./take-desk.ts";
import { failureOf, Teller, type Failure } from "./teller.ts";
import type { Fate } from "./verdicts.ts";

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

/** What a subscription needs of its queue. */
export interface SubscriptionHome {
  queue: Queue;
  /** Where its jobs come from. */
  desk: TakeDesk;
}

/** Between tries of a queue that cannot be reached. */
const PATIENCE: Backoff = { minMs: 100, maxMs: 10_000, jitter: 0.5 };

/**
 * Takes jobs, works, and says what became of them. A job begins while the word on the last one is on its way, and
 * when the word on the one before has come through: after a kill no more than two jobs a slot run twice.
 */
export class Subscription extends Service {
  readonly #queue: Queue;
  readonly #desk: TakeDesk;
  readonly #work: Work;
  readonly #options: Required<SubscribeOptions>;
  readonly #keeper: LeaseKeeper;
  readonly #teller: Teller;
  readonly #hasLease: boolean;
  readonly #running = new Map<Job, HeldLease>();
  /** How many words on jobs are on their way. */
  #unsaid = 0;
  #allSaid: PromiseWithResolvers<void> | undefined;
  #slots: Promise<unknown> = Promise.resolve();
  #taking = new AbortController();
  #resumed = Promise.withResolvers<void>();

  constructor(
    { queue, desk }: SubscriptionHome,
    work: Work,
    options: SubscribeOptions & Required<Pick<SubscribeOptions, "log" | "clock">>,
  ) {
    super();
    this.#queue = queue;
    this.#desk = desk;
    this.#work = work;
    const defaults = { concurrency: 1, leaseMs: queue.leaseMs, onSettled: () => {} };
    this.#options = { ...defaults, ...options };
    const { leaseMs, clock, log } = this.#options;
    this.#hasLease = queue.can.has("lease");
    this.#teller = new Teller(queue, log);
    this.#keeper = new LeaseKeeper({
      leaseMs,
      clock,
      extend: async (lease, ms) => void (this.#hasLease && (await queue.extend(lease, ms))),
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
    await Promise.race([this.#slots.then(() => this.#said()), over]);
  }

  async #loop(): Promise<void> {
    const { leaseMs, clock } = this.#options;
    let failures = 0;
    let last: Promise<void> = Promise.resolve();
    let before = last;
    while (!this.stopping.aborted && !this.#queue.stopping.aborted) {
      if (this.isPaused) await this.#resumed.promise;
      const { signal } = this.#taking;
      const taking = this.#takeReady(signal) ?? this.#take(signal);
      await before;
      const { jobs, atMs, fault } = taking instanceof Promise ? await taking : taking;
      if (jobs) {
        failures = 0;
        // Nothing could be said of the job before for so long that this one may be another's by now.
        const isStale = this.#hasLease && clock.now() - atMs > leaseMs / 2;
        for (const job of jobs) {
          if (isStale) {
            this.#giveBack(job);
            continue;
          }
          const held = this.#keeper.hold(job);
          this.#running.set(job, held);
          let failure: Failure | undefined;
          try {
            const doing = this.#work(job, new LeaseContext(held));
            if (isThenable(doing)) await doing;
          } catch (error) {
            failure = failureOf(error);
          }
          before = last;
          last = this.#say({ job, held, failure });
        }
      } else if (!signal.aborted && !this.#queue.stopping.aborted) {
        await this.#waitAfter(fault, ++failures);
      }
    }
    await Promise.all([before, last]);
  }

  #takeReady(signal: AbortSignal): Took | undefined {
    const { leaseMs, clock } = this.#options;
    const job = signal.aborted ? undefined : this.#desk.takeReady(leaseMs);
    return job && { jobs: [job], atMs: clock.now() };
  }

  /** Never rejects. */
  async #take(signal: AbortSignal): Promise<Took> {
    const { leaseMs, clock } = this.#options;
    const wish = { leaseMs, waitMs: Infinity, signal, comesAgain: true };
    try {
      const jobs = await this.#desk.take(wish);
      return { jobs, atMs: clock.now() };
    } catch (fault) {
      return { fault, atMs: clock.now() };
    }
  }

  /** Nobody has run it; where that cannot be said, the lease's end says it. */
  #giveBack(job: Job): void {
    this.#unsaid++;
    const said = (): void => this.#saidOne();
    this.#teller.giveBack(job).then(said, said);
  }

  /** The queue cannot be asked now: says so, and comes back after a while. */
  async #waitAfter(error: unknown, failures: number): Promise<void> {
    const waitMs = backoffMs(PATIENCE, failures);
    const facts = { queue: this.#queue.url, reason: messageOf(error), waitMs: Math.round(waitMs) };
    this.#options.log.warn("Cannot take jobs, trying again", facts);
    await delay(waitMs, this.stopping).catch(() => {}); // the loop sees it
  }

  /** Resolves when the word on a job outlives this process: the next one need not wait for the disk. */
  #say(attempt: Attempt): Promise<void> {
    const { job, held, failure } = attempt;
    this.#unsaid++;
    return new Promise((goOn) => {
      const onWritten = (): void => {
        held[Symbol.dispose](); // there is no lease any more
        goOn();
      };
      const over = (fate: Fate): void => {
        try {
          this.#ended(attempt, fate);
        } finally {
          goOn();
        }
      };
      if (!this.#isMine(attempt)) return over("lost");
      // Nearly all are done: for them the word is as short as it can be.
      const telling =
        this.#hasLease && !failure
          ? this.#queue.ack(job, onWritten)
          : this.#teller.tell(job, failure, onWritten);
      telling.then(
        (fate) => over(fate ?? "done"),
        (fault: unknown) => void this.#sayAgain(attempt, { fault, onWritten }).then(over),
      );
    });
  }

  /** Until it is heard, or the job is not ours any more. Never rejects: what cannot be said comes back with the lease's end. */
  async #sayAgain(
    attempt: Attempt,
    { fault, onWritten }: { fault: unknown; onWritten: () => void },
  ): Promise<Fate> {
    const { job, held, failure } = attempt;
    let thrown = fault;
    for (let tries = 1; ; tries++) {
      const { message, retryable } = DingError.from(thrown);
      const facts = { id: job.id, attempt: job.attempt, reason: message };
      this.#options.log.warn("Cannot say what became of a job", facts);
      if (!retryable) return "lost";
      await delay(backoffMs(PATIENCE, tries), held.signal).catch(() => {}); // seen here:
      if (!this.#isMine(attempt)) return "lost";
      try {
        return await this.#teller.tell(job, failure, onWritten);
      } catch (error) {
        thrown = error;
      }
    }
  }

  #isMine({ job, held }: Attempt): boolean {
    return this.#running.has(job) && !held.isLost;
  }

  #ended({ job, held, failure }: Attempt, fate: Fate): void {
    held[Symbol.dispose]();
    this.#running.delete(job);
    this.#saidOne();
    this.#options.onSettled(job, fate, failure?.reason);
  }

  #saidOne(): void {
    if (--this.#unsaid === 0) this.#allSaid?.resolve();
  }

  /** Resolves when no word is on its way. */
  async #said(): Promise<void> {
    if (this.#unsaid === 0) return;
    this.#allSaid ??= Promise.withResolvers();
    await this.#allSaid.promise;
  }

  /** The grace is over: work that still goes on is told, and its jobs are for others. */
  async #abandon(): Promise<void> {
    const left = [...this.#running];
    this.#running.clear();
    for (const [, held] of left) {
      held[Symbol.dispose]();
      held.abort(this.stopping.reason);
    }
    // What fails here comes back with the lease's end.
    await Promise.allSettled(left.map(([job]) => this.#teller.giveBack(job)));
  }
}

/** How the work on a job has ended. */
interface Attempt {
  job: Job;
  held: HeldLease;
  failure: Failure | undefined;
}

/** What a slot got, or why not, and when. */
interface Took {
  jobs?: Job[];
  atMs: number;
  fault?: unknown;
}
