import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { Fleet, Outcome, SlaveHandle, TaskHandle } from "./fleet.ts";
import type { Job } from "./job-file.ts";
import type { ResultLine } from "./result-line.ts";
import type { EarlierResults } from "./results-resume.ts";
import type { Ended, Run } from "./scheduler-run.ts";
import { Scheduler, type SchedulerOptions } from "./scheduler.ts";
import { newTaskId, taskIdentity } from "./task-identity.ts";
import { unreachable } from "./unreachable.ts";

/** Where a job stands. */
export interface JobProgress {
  /** Undefined while the tasks are still coming in. */
  total: number | undefined;
  /** Tasks that have ended, those of an earlier run among them. */
  done: number;
  running: number;
  retried: number;
  slavesUp: number;
  slaves: number;
}

/** What a slave did that the operator may want to know. */
export interface SlaveEvent {
  slave: string;
  state: "up" | "down" | "unreachable" | "refused";
  reason: string;
  /** What to do about it. */
  hint?: string | undefined;
}

/** Who hears of a job. */
export interface JobEvents {
  /** A task has ended; what it throws ends the job. */
  onResult(line: ResultLine): void;
  onSlave?(event: SlaveEvent): void;
  onProgress?(progress: JobProgress): void;
}

/** What a job needs to run. */
export interface JobRunOptions extends SchedulerOptions {
  slaves: readonly string[];
  clock: Clock;
  events: JobEvents;
  /** Aborts when the job must end early. */
  signal?: AbortSignal | undefined;
  earlier?: EarlierResults | undefined;
}

/** A task that is in memory: from when it was read until it has ended. */
interface Held {
  data: unknown;
  identity: string;
  id: string;
}

/** Runs one job: does what the scheduler says, and tells it what comes of it. */
export class JobRun {
  readonly #job: Job;
  readonly #fleet: Fleet;
  readonly #options: JobRunOptions;
  readonly #scheduler: Scheduler<Outcome>;
  readonly #slaves = new Map<string, SlaveHandle>();
  readonly #held = new Map<number, Held>();
  readonly #refusals = new Map<string, DingError>();
  readonly #handles = new Map<Run, TaskHandle>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #over = new AbortController();
  #hungry = Promise.withResolvers<void>();
  #timer: Disposable | undefined;
  #failure: unknown;
  #done = 0;

  constructor(job: Job, fleet: Fleet, options: JobRunOptions) {
    this.#job = job;
    this.#fleet = fleet;
    this.#options = options;
    this.#scheduler = new Scheduler(options, options.clock.now());
  }

  get progress(): JobProgress {
    const { roster, running, retried } = this.#scheduler;
    const [slavesUp, slaves] = [roster.upCount, roster.size];
    return { total: this.#job.total, done: this.#done, running, retried, slavesUp, slaves };
  }

  /**
   * Resolves when every task was reported, or, after the signal, when what ran has ended; rejects
   * when no slave can be reached, the job cannot be read, or a result cannot be told.
   */
  async run(): Promise<void> {
    const { slaves, signal } = this.#options;
    for (const name of slaves) this.#scheduler.roster.add(name, this.#now);
    using _joins = this.#fleet.onJoin?.((name, slave) => this.#join(name, slave));
    const stop = (): void => this.#stop(undefined);
    signal?.addEventListener("abort", stop, { once: true });
    void this.#feed();
    if (signal?.aborted) stop();
    else this.#pump();
    try {
      await this.#finished.promise;
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#timer?.[Symbol.dispose]();
      this.#over.abort();
      this.#hungry.resolve();
    }
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  /** Does all that is due; called after every event. */
  #pump(): void {
    if (this.#over.signal.aborted) return;
    for (const action of this.#scheduler.next(this.#now)) {
      if (action.do === "dial") void this.#dial(action.slave);
      else if (action.do === "start") void this.#start(action.run);
      else if (action.do === "cancel") this.#handles.get(action.run)?.cancel();
      else this.#report(action.ended);
    }
    if (this.#scheduler.isHungry) this.#hungry.resolve();
    this.#options.events.onProgress?.(this.progress);
    if (this.#scheduler.isDone) return this.#finish();
    if (!this.#isOver && this.#scheduler.roster.isUnreachable(this.#now)) {
      const failure = unreachable(this.#scheduler.roster, this.#options, this.#refusals);
      for (const lost of this.#scheduler.lost()) this.#reportLost(lost, failure);
      return this.#stop(failure);
    }
    this.#rearm();
  }

  #rearm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const at = this.#scheduler.wakeAt();
    if (at === Infinity) return;
    // One millisecond more than nothing: a wake-up that is already due must not spin.
    this.#timer = this.#options.clock.after(Math.max(1, at - this.#now), () => this.#pump());
  }

  #finish(): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#failure === undefined) this.#finished.resolve();
    else this.#finished.reject(this.#failure);
  }

  /** Ends the job early, because of the failure if there is one. */
  #stop(failure: unknown): void {
    this.#failure ??= failure;
    this.#scheduler.stop(this.#now);
    this.#hungry.resolve();
    this.#pump();
  }

  /** Reads tasks as fast as they can be used. */
  async #feed(): Promise<void> {
    const { earlier } = this.#options;
    const tasks = this.#job.tasks();
    try {
      for (let index = 0; ; index += 1) {
        while (!this.#scheduler.isHungry && !this.#isOver) {
          this.#hungry = Promise.withResolvers();
          await this.#hungry.promise;
        }
        const { value: data, done } = await tasks.next();
        if (this.#isOver) return void (await tasks.return(undefined));
        if (done) break;
        if (earlier?.has(index)) this.#done += 1;
        else this.#add(index, data);
      }
      this.#scheduler.end();
      this.#pump();
    } catch (error) {
      if (!this.#isOver) this.#stop(error);
    }
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted || this.#failure !== undefined || this.#isStopped;
  }

  get #isStopped(): boolean {
    return this.#options.signal?.aborted ?? false;
  }

  #add(index: number, data: unknown): void {
    this.#held.set(index, { data, identity: taskIdentity(index, data), id: "" });
    this.#scheduler.add(index);
    if (this.#scheduler.roster.hasOpen) this.#pump();
  }

  async #dial(name: string): Promise<void> {
    const dialled = await this.#fleet.dial(name, this.#over.signal);
    if (this.#over.signal.aborted) return;
    if ("slave" in dialled) return this.#join(name, dialled.slave);
    const { error, isFinal } = dialled;
    if (isFinal) this.#refusals.set(name, error);
    this.#scheduler.roster.down(name, this.#now, { reason: error.message, isFinal });
    const state = isFinal ? "refused" : "unreachable";
    const { message: reason, hint } = error;
    this.#options.events.onSlave?.({ slave: name, state, reason, hint });
    this.#pump();
  }

  #join(name: string, slave: SlaveHandle): void {
    this.#slaves.set(name, slave);
    this.#scheduler.roster.up(name, slave.room, this.#now);
    this.#options.events.onSlave?.({ slave: name, state: "up", reason: "connected" });
    void slave.closed.then((reason) => this.#lose(name, slave, reason));
    this.#pump();
  }

  #lose(name: string, slave: SlaveHandle, reason: string): void {
    if (this.#over.signal.aborted || this.#slaves.get(name) !== slave) return;
    this.#slaves.delete(name);
    const isFinal = !this.#options.slaves.includes(name);
    this.#scheduler.roster.down(name, this.#now, { reason, isFinal });
    this.#options.events.onSlave?.({ slave: name, state: "down", reason });
    this.#pump();
  }

  async #start(run: Run): Promise<void> {
    const slave = this.#slaves.get(run.slave);
    const held = this.#held.get(run.task);
    if (!slave || !held) throw new DingError("internal.bug", `Cannot start task ${run.task}`);
    held.id = newTaskId(held.identity);
    const handle = slave.begin(held.data, { id: held.id, attempt: run.attempt });
    this.#handles.set(run, handle);
    const outcome = await handle.ended;
    this.#handles.delete(run);
    if (this.#over.signal.aborted) return;
    this.#scheduler.settle(run, { verdict: outcome.verdict, outcome, now: this.#now });
    this.#pump();
  }

  #report({ task: index, slave, attempts, ms, outcome, isTimedOut }: Ended<Outcome>): void {
    const id = this.#held.get(index)?.id ?? "";
    this.#held.delete(index);
    this.#done += 1;
    const about = { slave, attempts, ms: Math.round(ms * 1_000) / 1_000 };
    const {
      status = "TIMED_OUT",
      result = null,
      error,
    } = isTimedOut ? this.#late() : (outcome ?? {});
    const line: ResultLine = { index, id, status, result, ...(error && { error }), ...about };
    try {
      this.#options.events.onResult(line);
    } catch (thrown) {
      this.#failure ??= thrown;
      queueMicrotask(() => this.#stop(thrown));
    }
  }

  /** Nobody is left to try it again. */
  #reportLost(
    { index: task, attempts, slave }: { index: number; attempts: number; slave: string },
    failure: DingError,
  ): void {
    const { code, message } = failure.toJSON();
    const outcome: Outcome = {
      verdict: "lost",
      status: "LOST",
      result: null,
      error: { code, message },
    };
    this.#report({ task, slave, attempts, ms: 0, outcome, isTimedOut: false });
  }

  #late(): Partial<Outcome> {
    const message = `The task took longer than ${this.#options.timeoutMs} ms`;
    return { error: new DingError("task.timed-out", message).toJSON() };
  }
}
