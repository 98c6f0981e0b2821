import type { Clock } from "../core/clock.ts";
import type { ErrorRecord } from "../core/errors.ts";
import { SLAVE_IS_STOPPING } from "../protocol/task-session.ts";
import type { Executor } from "./executor.ts";
import type { TaskEvents, TaskJob } from "./outcome.ts";
import { Fifo } from "./fifo.ts";
import { TaskDesk, type Admission, type DeskOptions } from "./task-desk.ts";

/** What a slave counts of its tasks since it started. */
export interface TaskCounts {
  accepted: number;
  refused: number;
  completed: number;
  failed: number;
  cancelled: number;
  timedOut: number;
}

/** Before the first task. */
export const NO_COUNTS: Readonly<TaskCounts> = {
  accepted: 0,
  refused: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  timedOut: 0,
};

/** What the outside may know of a task that is here. */
export interface TaskFacts {
  id: string;
  attempt: number;
  state: "running" | "queued";
  ms: number;
}

/** A task that is here, and what can be done with it. */
interface Entry extends TaskJob {
  /** A task that is tried again is another entry: only the same try never runs twice. */
  key: string;
  events: TaskEvents;
  since: number;
  /** Only once the executor has it. */
  cancelRun?: () => void;
}

const CANCELLED: ErrorRecord = { code: "task.cancelled", message: "The task was cancelled" };

/** Nobody wanted its end: whoever gave it may give it to another slave. */
const STOPPED: ErrorRecord = {
  code: "task.cancelled",
  message: "The task was cancelled: its slave is stopping",
  details: { [SLAVE_IS_STOPPING]: true },
};

/** Carries out what the desk decides: gives tasks to the executor, and tells their ends. */
export class Tasks {
  readonly #desk: TaskDesk;
  readonly #executor: Executor;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly counts: TaskCounts = { ...NO_COUNTS };
  #isStopping = false;
  #idleWaiters: (() => void)[] = [];
  readonly #startable: Entry[] = [];
  /** In the desk's queue, and not with the executor. */
  readonly #waiting = new Fifo<Entry>();

  constructor(options: DeskOptions, executor: Executor, clock: Clock) {
    this.#desk = new TaskDesk(options);
    this.#executor = executor;
    this.#clock = clock;
  }

  get running(): number {
    return this.#desk.running;
  }

  get queued(): number {
    return this.#desk.queued;
  }

  /** The oldest that are here. */
  list(most: number): TaskFacts[] {
    const now = this.#clock.now();
    return this.#entries
      .values()
      .take(most)
      .map(({ id, attempt, key, since }): TaskFacts => {
        const state = this.#desk.isRunning(key) ? "running" : "queued";
        return { id, attempt, state, ms: Math.round(now - since) };
      })
      .toArray();
  }

  /** Takes a task in or turns it away; only after "run" and "queue" does anybody hear of it again. */
  submit(job: TaskJob, events: TaskEvents): Admission {
    const key = keyOf(job.id, job.attempt);
    const admission = this.#desk.admit(key);
    if (admission === "busy" || admission === "full") this.counts.refused += 1;
    if (admission !== "run" && admission !== "queue") return admission;
    const entry: Entry = { ...job, key, events, since: this.#clock.now() };
    this.#entries.set(key, entry);
    if (admission === "run") this.#run(entry);
    else {
      this.#waiting.push(entry);
      this.#giveAhead();
    }
    return admission;
  }

  /** Ends a task, or one try of it; false when it is not here. Its events hear of the end. */
  cancel(id: string, attempt?: number): boolean {
    const entry =
      attempt === undefined
        ? [...this.#entries.values()].find((one) => one.id === id)
        : this.#entries.get(keyOf(id, attempt));
    if (!entry) return false;
    this.#cancel(entry);
    return true;
  }

  #cancel(entry: Entry): void {
    const wasQueued = this.#desk.withdraw(entry.key);
    if (entry.cancelRun) return entry.cancelRun();
    if (!wasQueued) return;
    this.#waiting.delete(entry);
    this.#entries.delete(entry.key);
    this.#tellFailed(entry, CANCELLED);
    this.#wakeIfIdle();
  }

  /** Cancels every task that is here; returns how many. */
  cancelAll(): number {
    // The waiting ones first, or each would take the place of a running one that has just ended.
    const entries = [...this.#entries.values()].toReversed();
    for (const entry of entries) this.#cancel(entry);
    return entries.length;
  }

  /** The slave stops: cancels every task that is still here, and says why. */
  stopAll(): void {
    this.#isStopping = true;
    this.cancelAll();
  }

  /** Resolves when no task is here. */
  idle(): Promise<void> {
    if (this.#entries.size === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#idleWaiters.push(resolve));
  }

  #run(entry: Entry): void {
    const { events } = entry;
    let cancelRun: (() => void) | undefined;
    entry.cancelRun = () => cancelRun?.();
    cancelRun = this.#executor.run(entry, {
      accepted: () => {
        this.counts.accepted += 1;
        events.accepted();
      },
      progress: (value) => events.progress(value),
      refused: (refusal) => {
        this.counts.refused += 1;
        this.#free(entry);
        this.#desk.forget(entry.key);
        events.refused(refusal);
      },
      completed: (result) => {
        this.counts.completed += 1;
        events.completed(result);
        this.#free(entry);
      },
      failed: (error) => {
        this.#tellFailed(entry, error);
        this.#free(entry);
      },
    });
  }

  #tellFailed(entry: Entry, error: ErrorRecord): void {
    if (error.code === "task.cancelled") this.counts.cancelled += 1;
    else if (error.code === "task.timed-out") this.counts.timedOut += 1;
    else this.counts.failed += 1;
    const isStopped = this.#isStopping && error.code === "task.cancelled";
    entry.events.failed(isStopped ? STOPPED : error);
  }

  /** The place of an ended task goes to the next. */
  #free(entry: Entry): void {
    this.#entries.delete(entry.key);
    const next = this.#desk.finish(entry.key);
    if (next !== undefined && next === this.#waiting.peek()?.key) {
      this.#runLater(this.#waiting.shift() as Entry);
    }
    this.#giveAhead();
    this.#wakeIfIdle();
  }

  /** What waits may lie ready where it will run; it stays in the queue until its turn comes. */
  #giveAhead(): void {
    while (this.#executor.hasRoom) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#run(next);
    }
  }

  /** A task that ends before `run` returns must not start the next one inside itself. */
  #runLater(entry: Entry): void {
    this.#startable.push(entry);
    if (this.#startable.length > 1) return;
    for (let next = this.#startable[0]; next; next = this.#startable[0]) {
      this.#run(next);
      this.#startable.shift();
    }
  }

  #wakeIfIdle(): void {
    if (this.#entries.size > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}

function keyOf(id: string, attempt: number): string {
  return attempt === 1 ? id : `${id}\0${attempt}`;
}
