import { LONGEST_TIMER_MS } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import { silentLogger } from "../core/log.ts";
import { backoffMs } from "../core/retry.ts";
import { Service } from "../core/service.ts";
import { checkDelay, checkJob } from "./check-job.ts";
import type { Capability, Driver, PurgeScope } from "./driver.ts";
import type { DeadJob, Job, Lease, NewJob, Pushed, QueueStats, SeenJob } from "./job.ts";
import { unsupportedError } from "./queue-faults.ts";
import { QUEUE_DEFAULTS, type QueueOptions } from "./queue-options.ts";
import { Subscription, type SubscribeOptions, type Work } from "./subscription.ts";
import { TakeDesk, type TakeOptions } from "./take-desk.ts";
import { wallClock } from "./wall-clock.ts";

/** How a retry or a redrive, a look and a purge are meant. */
export interface RetryOptions {
  /** How long nobody may take it; default the queue's back-off for this attempt. */
  delayMs?: number;
  /** Why it failed; it stays with the job. */
  reason?: string;
}

const DEFAULT_LOOK = 20;

/**
 * A queue of jobs, whatever kind it is. A job is given to one taker at a time, under a lease, and is gone when that
 * one acknowledges it; if the lease ends before, the next one gets it: at least once, never lost. What its kind
 * cannot do rejects with `queue.unsupported`; `can` says so before.
 */
export class Queue extends Service {
  /** Without the password. */
  readonly url: string;
  readonly #driver: Driver;
  readonly #options: Required<Omit<QueueOptions, "maxAttempts" | "maxLength" | "keyWindowMs">>;
  readonly #desk: TakeDesk;
  readonly #subscriptions = new Set<Subscription>();

  constructor(url: string, driver: Driver, options: QueueOptions = {}) {
    super();
    this.url = url;
    this.#driver = driver;
    this.#options = { log: silentLogger, clock: wallClock, ...QUEUE_DEFAULTS, ...options };
    const { clock, log } = this.#options;
    this.#desk = new TakeDesk(driver, { clock, log, stopping: this.stopping });
  }

  /** What this kind of queue can do. */
  get can(): ReadonlySet<Capability> {
    return this.#driver.can;
  }

  /** How long a lease holds that says nothing else. */
  get leaseMs(): number {
    return this.#options.leaseMs;
  }

  /** Resolves when the job is as safe as this kind makes it; rejects with `queue.full` or `usage.invalid-input`. */
  async push(job: NewJob): Promise<Pushed> {
    const [pushed] = await this.pushMany([job]);
    if (!pushed) throw new DingError("internal.bug", "Cannot tell what became of the job");
    return pushed;
  }

  /** All or none; the answers are in the order of the jobs. */
  async pushMany(jobs: readonly NewJob[]): Promise<Pushed[]> {
    this.#checkOpen();
    const rules = { url: this.url, can: this.can, maxValueBytes: this.#options.maxValueBytes };
    return await this.#driver.push(jobs.map((job) => checkJob(job, rules)));
  }

  /** At least one job, or none when `waitMs` (default 0) are over; rejects when the signal aborts or the queue stops. */
  async take({ leaseMs = this.leaseMs, ...options }: TakeOptions = {}): Promise<Job[]> {
    this.#checkOpen();
    return await this.#desk.take({ ...options, leaseMs });
  }

  /** The job is done, and gone; `onWritten` may hear before that the word outlives this process. */
  ack(lease: Lease, onWritten?: () => void): Promise<void> {
    try {
      this.#check("acknowledge", "lease");
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#driver.ack(lease, onWritten); // as it is: this is said of every job
  }

  /** The lease holds for `leaseMs` from now on. */
  async extend(lease: Lease, leaseMs: number = this.leaseMs): Promise<void> {
    this.#check("extend a lease", "lease");
    await this.#driver.extend(lease, leaseMs);
  }

  /** It failed: somebody tries again after a while; "dead" if this was its last attempt. */
  async retry(
    job: Lease & Pick<Job, "attempt">,
    { delayMs, reason = "No reason was given" }: RetryOptions = {},
  ): Promise<"retried" | "dead"> {
    this.#check("retry", "lease");
    if (delayMs !== undefined) checkDelay(delayMs);
    const backoff = this.can.has("delay") ? backoffMs(this.#options.backoff, job.attempt) : 0;
    return await this.#driver.retry(job, { delayMs: Math.round(delayMs ?? backoff), reason });
  }

  /** It was not tried: it is ready again, and the attempt does not count. */
  async release(lease: Lease): Promise<void> {
    this.#check("release", "lease");
    await this.#driver.release(lease);
  }

  /** Nobody shall try again. */
  async deadLetter(lease: Lease, reason: string): Promise<void> {
    this.#check("give up", "dead");
    await this.#driver.deadLetter(lease, reason);
  }

  async stats(): Promise<QueueStats> {
    this.#checkOpen();
    return await this.#driver.stats();
  }

  /** The next jobs (default 20), without taking them: ready ones in their order, then delayed and leased ones. */
  async peek(max: number = DEFAULT_LOOK): Promise<SeenJob[]> {
    this.#check("peek", "peek");
    return await this.#driver.peek(max);
  }

  /** Dead jobs (default 20), the one that died first first. */
  async dead(max: number = DEFAULT_LOOK): Promise<DeadJob[]> {
    this.#check("list dead jobs", "dead");
    return await this.#driver.dead(max);
  }

  /** Dead jobs become ready, behind those that are, with all attempts before them: those with these ids, or all. Gives their number. */
  async redrive(ids?: readonly string[]): Promise<number> {
    this.#check("redrive", "dead");
    return await this.#driver.redrive(ids);
  }

  /** Throws away all jobs that are not dead, leased ones too, or the dead ones. Gives their number. */
  async purge(scope: PurgeScope = "jobs"): Promise<number> {
    if (scope === "dead") this.#check("purge dead jobs", "dead");
    this.#checkOpen();
    return await this.#driver.purge(scope);
  }

  /** Takes jobs and does `work` with each until it is closed: renews leases, acknowledges, retries what throws. */
  async subscribe(work: Work, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#checkOpen();
    const { log, clock } = this.#options;
    const subscription = new Subscription({ queue: this, desk: this.#desk }, work, {
      log,
      clock,
      ...options,
    });
    this.#subscriptions.add(subscription);
    const forget = (): void => void this.#subscriptions.delete(subscription);
    subscription.closed.then(forget, forget);
    return await subscription.start();
  }

  protected override async onStart(resources: AsyncDisposableStack): Promise<void> {
    await this.#driver.open();
    resources.use(this.#driver);
    resources.use(this.#desk);
    resources.defer(() => this.#closeSubscriptions(0));
    resources.defer(() => this.#driver.hurry?.());
  }

  /** What runs is finished while there is grace; no longer. */
  protected override async onDrain(deadline: AbortSignal): Promise<void> {
    const over = new Promise<void>((resolve) =>
      deadline.addEventListener("abort", () => resolve(), { once: true }),
    );
    const closing = this.#closeSubscriptions(LONGEST_TIMER_MS);
    await Promise.race([closing, over]);
  }

  async #closeSubscriptions(graceMs: number): Promise<void> {
    await Promise.all([...this.#subscriptions].map((each) => each.close(graceMs)));
  }

  #check(verb: string, capability: Capability): void {
    this.#checkOpen();
    if (!this.can.has(capability)) throw unsupportedError(verb, capability, this.url);
  }

  /** What is in hand may still be finished while the queue stops. */
  #checkOpen(): void {
    if (this.state === "running" || this.state === "draining") return;
    throw new DingError("state.invalid", `Cannot use queue "${this.url}": it is ${this.state}`);
  }
}
