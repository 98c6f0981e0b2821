import type { Job } from "../broker/job.ts";
import type { Queue } from "../broker/queue.ts";
import type { Subscription, WorkContext } from "../broker/subscription.ts";
import { NotTried, type Fate } from "../broker/verdicts.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorRecord } from "../core/errors.ts";
import { loggerWith, type Logger } from "../core/log.ts";
import { backoffMs, type Backoff } from "../core/retry.ts";
import { abortable } from "../core/wait.ts";
import type { GroupStatistics } from "./group-statistics.ts";
import { tryInHand, type InHand } from "./in-hand.ts";
import type { PlacedUnit } from "./layout.ts";
import type { Seat } from "./seat.ts";
import { doJob, SeatGone, ServerAway } from "./unit-jobs.ts";
import { UnitLine } from "./unit-line.ts";
import { UnitRecord, type Outcome } from "./unit-record.ts";
import { WORKER_METHODS, type RoundsReport } from "./worker-protocol.ts";

/** What a unit needs of its fleet. */
export interface UnitHome {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where jobs come from; undefined for units that find them themselves. */
  readonly queue: Queue | undefined;
  /** Set where the queue has no leases. */
  readonly inHand: InHand | undefined;
  /** How long a job may take; 0 for no limit. */
  readonly jobTimeoutMs: number;
  /** Shown to remote servers. */
  readonly remoteToken: string | undefined;
}

/** Between tries of a server that is not there. */
const PATIENCE: Backoff = { minMs: 200, maxMs: 5_000, jitter: 0.3 };
/** So long a unit without work may take to end before it is told to let go of everything … */
const SETTLE_MS = 500;
/** … and so long then. */
const LAST_WORDS_MS = 2_000;

const OUTCOME_OF = {
  done: "done",
  retried: "retried",
  dead: "dead",
  released: "released",
  lost: "failed",
} as const satisfies Record<Fate, Outcome>;

/** A unit as its fleet sees it: sits in a worker process, and in the next one when that dies; takes jobs while it is there. */
export class Unit {
  readonly place: PlacedUnit;
  readonly record: UnitRecord;
  readonly #home: UnitHome;
  readonly #log: Logger;
  readonly #statistics: GroupStatistics;
  #line: UnitLine | undefined;
  /** Settled while the unit's model is there. */
  #open = Promise.withResolvers<Seat>();
  #seat: Seat | undefined;
  #subscription: Subscription | undefined;
  /** In a row. */
  #failures = 0;
  #rest: Disposable | undefined;
  #closing: Promise<void> | undefined;
  readonly #stopping = new AbortController();
  readonly #tried = Promise.withResolvers<void>();

  constructor(place: PlacedUnit, home: UnitHome, statistics: GroupStatistics) {
    this.place = place;
    this.record = new UnitRecord(home.clock);
    this.#home = home;
    this.#log = loggerWith(home.log, { unit: place.id });
    this.#statistics = statistics;
  }

  /** Resolves when it was seen whether its model can be made. */
  get tried(): Promise<void> {
    return this.#tried.promise;
  }

  /** Takes jobs from now on, as long as it sits somewhere. */
  async start(): Promise<void> {
    const { queue } = this.#home;
    if (!queue || this.#closing) return;
    this.#subscription = await queue.subscribe((job, context) => this.#work(job, context), {
      log: this.#log,
      onSettled: (_, fate, failure) => this.#settled(fate, failure),
    });
    this.#turnTaking();
  }

  /** A worker process is there for it. */
  sit(seat: Seat): void {
    if (this.#closing) return;
    this.record.revived();
    const events = {
      opened: () => this.#opened(seat),
      away: (reason: string) => {
        this.record.away(reason);
        this.#tried.resolve();
      },
      rounds: (report: RoundsReport) => this.#rounds(report),
      off: () => this.#up(),
      lost: (error: ErrorRecord) => this.#lost(seat, error),
    };
    this.#line = new UnitLine(seat, this.place, events, this.#home.remoteToken);
  }

  /** Ends it after what it does now; when `graceMs` are over, it is told to let go. Never rejects. */
  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    this.record.stopping();
    this.#stopping.abort(new NotTried("The unit ends"));
    this.#tried.resolve();
    this.#rest?.[Symbol.dispose]();
    if (!this.#seat) this.#giveUpWaiting();
    const subscription = this.#subscription;
    if (!subscription) this.#line?.stop();
    await (subscription ? subscription.close(graceMs) : this.#ended(graceMs));
    this.#line?.stop();
    if (!(await this.#ended(subscription ? SETTLE_MS : 0))) {
      void this.#line?.abandon();
      if (!(await this.#ended(LAST_WORDS_MS))) {
        this.#log.warn("the unit does not let go: ending its process");
        this.#line?.seat.kill();
        await this.#ended(LAST_WORDS_MS);
      }
    }
    this.record.off();
  }

  /** Resolves when nothing of it is in its process, with false when that takes longer. */
  async #ended(ms: number): Promise<boolean> {
    const late = Promise.withResolvers<false>();
    using _timer = this.#home.clock.after(ms, () => late.resolve(false));
    const ended = this.#line?.ended ?? Promise.resolve();
    return await Promise.race([ended.then(() => true), late.promise]);
  }

  /** For its subscription: what it throws is said to the queue. */
  #work(job: Job, context: WorkContext): Promise<void> {
    const { inHand } = this.#home;
    if (!inHand) return this.#do(job, context);
    return tryInHand(
      job,
      { ...inHand, signal: this.#stopping.signal },
      {
        attempt: (tried) => this.#do(tried, context),
        onRetry: (why) => this.#settled("retried", why),
      },
    );
  }

  async #do(job: Job, context: WorkContext): Promise<void> {
    const { clock } = this.#home;
    for (;;) {
      const seat = this.#seat ?? (await abortable(this.#open.promise, context.signal));
      let begunMs = clock.now();
      const onBegin = (): void => {
        begunMs = clock.now();
        // One that waits for its server only looks whether that is back.
        if (this.#failures === 0) this.record.began(job.id);
      };
      try {
        const { jobTimeoutMs: timeoutMs } = this.#home;
        await doJob(seat, { unit: this.place.id, job, timeoutMs, clock, onBegin }, context);
        this.#failures = 0;
        this.#statistics.record(clock.now() - begunMs);
        this.record.opened();
        return;
      } catch (thrown) {
        if (thrown instanceof SeatGone) {
          if (this.#seat === seat) this.#up();
          continue;
        }
        if (!(thrown instanceof ServerAway)) throw thrown;
        throw this.#serverAway(thrown.message, seat);
      } finally {
        this.record.ended();
      }
    }
  }

  /** The job goes back, and another unit may have it; this one takes none until the server is there. */
  #serverAway(reason: string, seat: Seat): NotTried {
    this.#failures += 1;
    this.record.away(reason);
    const waitMs = Math.round(backoffMs(PATIENCE, this.#failures));
    this.#log.warn(`waiting for the remote server: ${reason}`, { waitMs });
    this.#restFor(waitMs, () => void this.#look(seat));
    return new NotTried(reason);
  }

  /** Is the server back? */
  async #look(seat: Seat): Promise<void> {
    try {
      await seat.request(WORKER_METHODS.PROBE, this.place.id);
      if (this.#seat === seat) this.record.opened();
      this.#turnTaking();
    } catch {
      if (this.#seat !== seat || this.#closing) return;
      this.#failures += 1;
      this.#restFor(backoffMs(PATIENCE, this.#failures), () => void this.#look(seat));
    }
  }

  #restFor(waitMs: number, then: () => void): void {
    this.#rest?.[Symbol.dispose]();
    if (this.#closing) return;
    this.#rest = this.#home.clock.after(waitMs, () => {
      this.#rest = undefined;
      then();
    });
    this.#turnTaking();
  }

  /** Takes jobs exactly while its model is there, and it does not wait for its server. */
  #turnTaking(): void {
    if (this.#closing) return;
    if (this.#seat && !this.#rest) this.#subscription?.resume();
    else this.#subscription?.pause();
  }

  #settled(fate: Fate, failure: string | undefined): void {
    const outcome = OUTCOME_OF[fate];
    this.record.count(outcome, failure);
    this.#statistics.count(outcome);
  }

  #rounds({ done, failed, tookMs, isIdle, isWaiting, error }: RoundsReport): void {
    this.record.count("done", undefined, done);
    this.record.count("failed", error, failed);
    this.#statistics.count("done", done);
    this.#statistics.count("failed", failed);
    for (const ms of tookMs) this.#statistics.record(ms);
    if (isWaiting) this.record.away(error ?? "");
    else if (isIdle) this.record.rested();
    else this.record.began();
  }

  #opened(seat: Seat): void {
    this.#seat = seat;
    this.#failures = 0;
    this.record.opened();
    this.#open.resolve(seat);
    this.#tried.resolve();
    this.#turnTaking();
  }

  #lost(seat: Seat, error: ErrorRecord): void {
    this.#up();
    this.#tried.resolve();
    if (error.code === "worker.exited") {
      this.record.lost(error.message);
      this.#statistics.restarted();
      return;
    }
    // The process is well, but the unit could not be made in it.
    this.record.away(error.message);
    this.#failures += 1;
    this.#restFor(backoffMs(PATIENCE, this.#failures), () => this.sit(seat));
  }

  /** It sits nowhere. */
  #up(): void {
    if (this.#seat) this.#open = Promise.withResolvers<Seat>();
    this.#seat = undefined;
    if (this.#closing) this.#giveUpWaiting();
    this.#turnTaking();
  }

  /** Who has a job, and no model for it any more, gives it back. */
  #giveUpWaiting(): void {
    this.#open.promise.catch(() => {}); // nobody may have a job
    this.#open.reject(new NotTried("The unit ends"));
  }
}
