import type { Action, Ended, Run, Verdict } from "../../../src/master/submit/scheduler-run.ts";
import { Scheduler, type SchedulerOptions } from "../../../src/master/submit/scheduler.ts";

/** How the scheduler of a play is set up, if not told otherwise. */
export const OPTIONS: SchedulerOptions = {
  retries: 2,
  cancelGraceMs: 1_000,
  unreachableMs: 5_000,
  awayMs: 5_000,
  minSlaves: 1,
  retry: { minMs: 100, maxMs: 1_000, jitter: 0 },
  redial: { minMs: 200, maxMs: 5_000, jitter: 0 },
};

/** A scheduler with a time of its own, and what it said so far. */
export class Play {
  now = 0;
  readonly scheduler: Scheduler<string>;
  readonly dials: string[] = [];
  readonly started: Run[] = [];
  readonly cancelled: Run[] = [];
  readonly reports: Ended<string>[] = [];

  constructor(options: Partial<SchedulerOptions> = {}, tasks = 0) {
    this.scheduler = new Scheduler({ ...OPTIONS, ...options }, 0);
    for (let index = 0; index < tasks; index += 1) this.scheduler.add(index);
    if (tasks > 0) this.scheduler.end();
  }

  /** Moves on to `at` over every moment that the scheduler asked for. */
  goTo(at: number): this {
    for (;;) {
      this.#obey(this.scheduler.next(this.now));
      const wake = this.scheduler.wakeAt();
      if (wake > at || wake <= this.now) break;
      this.now = wake;
    }
    this.now = at;
    this.#obey(this.scheduler.next(at));
    return this;
  }

  up(name: string, concurrency = 1, queueLimit = 0): this {
    this.scheduler.roster.up(name, { concurrency, queueLimit }, this.now);
    return this.goTo(this.now);
  }

  down(name: string, isFinal = false): this {
    this.scheduler.roster.down(name, this.now, { reason: "gone", isFinal });
    return this.goTo(this.now);
  }

  /** Ends the oldest run of the task that has not ended. */
  settle(task: number, verdict: Verdict, outcome = `${verdict} ${task}`): this {
    const at = this.started.findIndex((run) => run.task === task);
    const [run] = this.started.splice(at, 1);
    if (at < 0 || !run) throw new Error(`Task ${task} does not run`);
    this.scheduler.settle(run, { verdict, outcome, now: this.now });
    return this.goTo(this.now);
  }

  /** What runs where, as "task@slave". */
  get running(): string[] {
    return this.started.map((run) => `${run.task}@${run.slave}`);
  }

  #obey(actions: Action<string>[]): void {
    for (const action of actions) {
      if (action.do === "dial") this.dials.push(action.slave);
      else if (action.do === "start") this.started.push(action.run);
      else if (action.do === "cancel") this.cancelled.push(action.run);
      else this.reports.push(action.ended);
    }
  }
}
