import { backoffMs, type Backoff } from "../../core/retry.ts";
import type { Action, Run, Verdict } from "./scheduler-run.ts";
import { Roster, type RosterOptions } from "./roster.ts";
import type { SlaveEntry } from "./slave-entry.ts";

/** Tasks to read ahead beyond as many as run. */
const READ_AHEAD = 32;
/** Started tasks that may stay in the list before it is cut; cutting costs as much as is left. */
const FRESH_SLACK = 1_024;

/** How tasks are repeated, and the slaves treated. */
export interface SchedulerOptions extends Omit<RosterOptions, "avoidQueues"> {
  /** How often a task may be tried again after it was lost or refused. */
  retries: number;
  /** A task that runs longer is cancelled. */
  timeoutMs?: number | undefined;
  /** So long a cancelled task may take to end; then it counts as ended, though its slave is still busy with it. */
  cancelGraceMs: number;
  retry: Backoff;
}

interface Task<O> {
  readonly index: number;
  attempts: number;
  notBefore: number;
  avoid?: string;
  refusedBy?: Set<string>;
  /** What the last refusal said. */
  refusal?: O | undefined;
}

interface LiveRun<O> extends Run {
  readonly entry: Task<O>;
  readonly on: SlaveEntry;
  readonly startedAt: number;
  /** How many tasks the slave held with this one. */
  readonly heldThen: number;
  cancelledAt?: number;
  /** Told as timed out although the slave has not let go of it. */
  isGivenUp: boolean;
}

/**
 * Spreads tasks over slaves. A pure state machine: it is told what happened and when, and `next`
 * says what to do. A task waits, runs on one slave, perhaps waits again, and is reported once:
 *
 *   add → fresh ─ start → running ─ completed, failed, cancelled ──→ reported
 *           again ←──────────┘└ lost, refused, busy, leaving    (also when retries are used up)
 *             └─ start → running …
 *
 * The caller settles every run that it was told to start, exactly once.
 */
export class Scheduler<O> {
  readonly roster: Roster;
  readonly #options: SchedulerOptions;
  readonly #fresh: Task<O>[] = [];
  #freshFrom = 0;
  #again: Task<O>[] = [];
  /** In the order of their start, so the first one is due first. */
  readonly #running = new Set<LiveRun<O>>();
  readonly #cancelled = new Set<LiveRun<O>>();
  readonly #actions: Action<O>[] = [];
  #hasAll = false;
  #isStopping = false;
  #retried = 0;
  #lastNow: number;

  constructor(options: SchedulerOptions, now: number) {
    this.#options = options;
    this.#lastNow = now;
    this.roster = new Roster({ ...options, avoidQueues: options.timeoutMs !== undefined }, now);
  }

  /** Tasks that wait for a slave. */
  get waiting(): number {
    return this.#fresh.length - this.#freshFrom + this.#again.length;
  }

  get running(): number {
    return this.#running.size + this.#cancelled.size;
  }

  /** How many runs were repetitions. */
  get retried(): number {
    return this.#retried;
  }

  /** True when it could use another task soon. */
  get isHungry(): boolean {
    return !this.#hasAll && !this.#isStopping && this.waiting < READ_AHEAD + this.running;
  }

  /** True when every task was reported, or, after `stop`, when nothing runs any more, and `next` has told all. */
  get isDone(): boolean {
    const isIdle = this.running === 0 && this.#actions.length === 0;
    return isIdle && (this.#isStopping || (this.#hasAll && this.waiting === 0));
  }

  /** One more task; indexes are never used twice. */
  add(index: number): void {
    this.#fresh.push({ index, attempts: 0, notBefore: 0 });
  }

  /** There are no more tasks to add. */
  end(): void {
    this.#hasAll = true;
  }

  /** Tasks that ran, were lost, and wait to be tried again. */
  *lost(): Generator<{ index: number; attempts: number; slave: string }> {
    for (const { index, attempts, avoid } of this.#again) {
      if (attempts > 0) yield { index, attempts, slave: avoid ?? "" };
    }
  }

  /** Cancels what runs and forgets what waits; only what completes after all is still reported. */
  stop(now: number): void {
    this.#isStopping = true;
    this.#fresh.length = this.#freshFrom = 0;
    this.#again = [];
    for (const run of this.#running) this.#cancel(run, now);
  }

  /** A run has ended. */
  settle(
    run: Run,
    { verdict, outcome, now }: { verdict: Verdict; outcome?: O; now: number },
  ): void {
    const live = run as LiveRun<O>;
    const isTimedOut = live.cancelledAt !== undefined && !this.#isStopping;
    if (!this.#running.delete(live) && !this.#cancelled.delete(live)) {
      // It was given up long ago; only its place on the slave comes free.
      if (live.isGivenUp && verdict === "leaving") this.roster.wasLeaving(live.on);
      else if (live.isGivenUp) this.roster.giveBack(live.on);
      return;
    }
    if (verdict === "busy") {
      live.entry.attempts -= 1;
      this.roster.wasBusy(live.on, now);
    } else if (verdict === "leaving") {
      live.entry.attempts -= 1;
      this.roster.wasLeaving(live.on);
    } else if (verdict === "completed" || verdict === "failed") {
      this.roster.giveBack(live.on, { ms: now - live.startedAt, held: live.heldThen });
    } else this.roster.giveBack(live.on);

    if (verdict === "completed") this.#report(live, { outcome, isTimedOut: false, now });
    else if (this.#isStopping) return;
    else if (isTimedOut) this.#report(live, { outcome, isTimedOut: true, now });
    else if (verdict === "busy" || verdict === "leaving") this.#putBack(live, now);
    else if (verdict === "refused") this.#afterRefusal(live, { outcome, now });
    else if (verdict === "lost" && live.entry.attempts <= this.#options.retries) {
      this.#putBack(live, now + backoffMs(this.#options.retry, live.attempt, this.#options.random));
      this.#retried += 1;
    } else this.#report(live, { outcome, isTimedOut: false, now });
  }

  /** What is to be done now; call it after every event and at `wakeAt`. */
  next(now: number): Action<O>[] {
    this.#expire(now);
    if (!this.#isStopping && !this.isDone) {
      for (const slave of this.roster.dialsDue(now)) this.#actions.push({ do: "dial", slave });
      this.roster.unblock(now);
      if (this.roster.hasQuorum) this.#assign(now);
    }
    return this.#actions
      .splice(0)
      .filter((action) => action.do !== "cancel" || this.#cancelled.has(action.run as LiveRun<O>));
  }

  /** When `next` has something to do although nothing happened; Infinity when never. */
  wakeAt(): number {
    let at = this.#isStopping ? Infinity : this.roster.wakeAt();
    const [first] = this.#running;
    const { timeoutMs, cancelGraceMs } = this.#options;
    if (first && timeoutMs !== undefined) at = Math.min(at, first.startedAt + timeoutMs);
    for (const { cancelledAt = 0 } of this.#cancelled)
      at = Math.min(at, cancelledAt + cancelGraceMs);
    for (const task of this.#again) {
      // One that is due already waits for room, not for time.
      if (task.notBefore > this.#lastNow) at = Math.min(at, task.notBefore);
    }
    return at;
  }

  #expire(now: number): void {
    this.#lastNow = now;
    const { timeoutMs, cancelGraceMs } = this.#options;
    for (const run of this.#running) {
      if (timeoutMs === undefined || run.startedAt + timeoutMs > now) break;
      this.#cancel(run, now);
    }
    for (const run of this.#cancelled) {
      if ((run.cancelledAt ?? 0) + cancelGraceMs > now) break;
      run.isGivenUp = true;
      this.#cancelled.delete(run);
      if (!this.#isStopping) this.#report(run, { outcome: undefined, isTimedOut: true, now });
    }
  }

  #cancel(run: LiveRun<O>, now: number): void {
    this.#running.delete(run);
    this.#cancelled.add(run);
    run.cancelledAt = now;
    this.#actions.push({ do: "cancel", run });
  }

  #assign(now: number): void {
    this.#again = this.#again.filter((task) => !this.#startAgain(task, now));
    while (this.roster.hasOpen && this.#freshFrom < this.#fresh.length) {
      const task = this.#fresh[this.#freshFrom];
      const slave = this.roster.pick({});
      if (!task || !slave) break;
      this.#freshFrom += 1;
      this.#start(task, slave, now);
    }
    if (this.#freshFrom > FRESH_SLACK || this.#freshFrom === this.#fresh.length) {
      this.#fresh.splice(0, this.#freshFrom);
      this.#freshFrom = 0;
    }
  }

  /** True when the task waits no longer: it was started, or nobody is left who might take it. */
  #startAgain(task: Task<O>, now: number): boolean {
    if (task.notBefore > now) return false;
    if (task.refusedBy && this.roster.upCount > 0 && !this.roster.hasOther(task.refusedBy)) {
      const ended = { slave: task.avoid ?? "", ms: 0, outcome: task.refusal, isTimedOut: false };
      const report = { ...ended, task: task.index, attempts: task.attempts };
      this.#actions.push({ do: "report", ended: report });
      return true;
    }
    const slave = this.roster.pick(task);
    if (slave) this.#start(task, slave, now);
    return slave !== undefined;
  }

  #start(task: Task<O>, slave: SlaveEntry, now: number): void {
    task.attempts += 1;
    this.roster.take(slave);
    const run: LiveRun<O> = {
      task: task.index,
      slave: slave.name,
      attempt: task.attempts,
      entry: task,
      on: slave,
      startedAt: now,
      heldThen: slave.held,
      isGivenUp: false,
    };
    this.#running.add(run);
    this.#actions.push({ do: "start", run });
  }

  /** Other slaves may want what one did not; each is asked once, as long as there are retries. */
  #afterRefusal(run: LiveRun<O>, { outcome, now }: { outcome: O | undefined; now: number }): void {
    const task = run.entry;
    task.refusedBy = (task.refusedBy ?? new Set()).add(run.slave);
    task.refusal = outcome;
    if (task.attempts > this.#options.retries || !this.roster.hasOther(task.refusedBy)) {
      return this.#report(run, { outcome, isTimedOut: false, now });
    }
    this.#putBack(run, now);
    this.#retried += 1;
  }

  #putBack(run: LiveRun<O>, notBefore: number): void {
    run.entry.notBefore = notBefore;
    run.entry.avoid = run.slave;
    this.#again.push(run.entry);
  }

  #report(
    run: LiveRun<O>,
    { outcome, isTimedOut, now }: { outcome: O | undefined; isTimedOut: boolean; now: number },
  ): void {
    const { task, slave, attempt: attempts } = run;
    const ms = now - run.startedAt;
    this.#actions.push({ do: "report", ended: { task, slave, attempts, ms, outcome, isTimedOut } });
  }
}
