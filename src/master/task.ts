import { LONGEST_TIMER_MS } from "../core/clock.ts";
import { DingError, NetworkError } from "../core/errors.ts";
import { newId } from "../core/id.ts";
import { abortable, within } from "../core/wait.ts";
import { TaskStatus } from "./task-status.ts";
import type { WireEvents, WireTask } from "./wire.ts";

/** What a task needs of its connection. */
export interface TaskHome {
  readonly name: string;
  /** Sends the task with the data that the master's beforeNewTask gave; returns what cancels it. */
  send(task: WireTask, events: WireEvents): Promise<() => void>;
  /** The slave has taken the task. */
  onStarted(task: Task): void;
  /** The task did not reach the slave; rejects unless a hook swallows the error. */
  onStartError(error: NetworkError): Promise<void>;
  /** Runs a user's callback; what it throws is logged and harms nothing. */
  guard(what: string, callback: () => unknown): void;
}

/** What a new task may be told. */
export interface TaskOptions {
  /** A UUID; a fresh one if not given. */
  id?: string | undefined;
  /** 2 and more when the same task is tried again. */
  attempt?: number | undefined;
}

/** Ends a wait early. */
export interface WaitOptions {
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** The promise of `start()`: chains as the ancestor does, `await task.start().join()`. */
export interface Starting<T> extends Promise<T> {
  join(options?: WaitOptions): Promise<T>;
}

type Callback = (data: unknown, result: unknown) => unknown;

/**
 * One piece of work for one slave.
 *
 *   IDLE ─ start() → STARTING ─ the slave takes it → STARTED ─→ COMPLETED | FAILED | CANCELLED | TIMED_OUT
 *                        ├── refused, never sent → START_FAILED
 *                        └── slave gone ──────────────┴──────→ LOST
 */
export class Task {
  readonly id: string;
  readonly attempt: number;
  readonly data: unknown;
  readonly #home: TaskHome;
  #status: TaskStatus = TaskStatus.IDLE;
  #result: unknown;
  #error: Error | undefined;
  #cancelWire: (() => void) | undefined;
  #isCancelAsked = false;
  #isTaken = false;
  /** Only while `start()` waits for the slave's word. */
  #starter: { resolve(): void; reject(error: Error): void } | undefined;
  /** Only when somebody waits for the end. */
  #ended: PromiseWithResolvers<void> | undefined;
  readonly #onComplete: Callback[] = [];
  readonly #onFail: Callback[] = [];
  readonly #onProgress: ((value: unknown) => unknown)[] = [];
  readonly #onLeaving: (() => unknown)[] = [];

  constructor(home: TaskHome, data: unknown, { id, attempt }: TaskOptions = {}) {
    this.#home = home;
    this.data = data;
    this.id = id ?? newId();
    this.attempt = attempt ?? 1;
  }

  get status(): TaskStatus {
    return this.#status;
  }

  /** What the slave's code returned, or what it failed with; undefined until then. */
  get result(): unknown {
    return this.#result;
  }

  /** Why it did not complete. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** The name of the connection to the slave that has it. */
  get slave(): string {
    return this.#home.name;
  }

  get isEnded(): boolean {
    return ENDS.has(this.#status);
  }

  /**
   * Sends the task; resolves when the slave has taken it, rejects when it does
   * not. A signal that aborts before that cancels the task. Once only.
   */
  start(options: { signal?: AbortSignal } = {}): Starting<this> {
    const started = this.#start(options) as Starting<this>;
    started.join = (wait) => started.then((task) => task.join(wait));
    return started;
  }

  /** Waits until the task has ended, however; returns at once when it was never started. */
  async join({ timeoutMs, signal }: WaitOptions = {}): Promise<this> {
    if (!this.isEnded && this.#status !== TaskStatus.IDLE) {
      this.#ended ??= Promise.withResolvers();
      const ended = this.#ended.promise;
      const isBounded = timeoutMs !== undefined && timeoutMs <= LONGEST_TIMER_MS;
      const bounded = isBounded ? within(ended, timeoutMs, `task ${this.id}`) : ended;
      await abortable(bounded, signal);
    }
    return this;
  }

  /** Asks the slave to end it; resolves when it has ended. What has ended stays as it is. */
  async cancel(): Promise<this> {
    if (this.#status === TaskStatus.IDLE) {
      this.#end(TaskStatus.CANCELLED, undefined, cancelledError());
      return this;
    }
    this.#isCancelAsked = true;
    this.#cancelWire?.();
    return this.join();
  }

  /** Calls back with the task's data and its result when it has completed; at once if it has. */
  onComplete(callback: Callback): this {
    if (this.#status === TaskStatus.COMPLETED) this.#call("onComplete", callback);
    else this.#onComplete.push(callback);
    return this;
  }

  /** Calls back with the task's data and its result when it has ended in any other way after its start. */
  onFail(callback: Callback): this {
    if (this.isEnded && !NOT_FAILED.has(this.#status)) this.#call("onFail", callback);
    else this.#onFail.push(callback);
    return this;
  }

  /** Calls back with every value that the task's code tells. */
  onProgress(callback: (value: unknown) => unknown): this {
    this.#onProgress.push(callback);
    return this;
  }

  /** Calls back when the slave is to stop: it takes no more tasks, and this one has a while to end. */
  onLeaving(callback: () => unknown): this {
    this.#onLeaving.push(callback);
    return this;
  }

  async #start({ signal }: { signal?: AbortSignal }): Promise<this> {
    if (this.#status !== TaskStatus.IDLE) {
      throw new DingError(
        "state.invalid",
        `Only task with "IDLE" status can be started, but "${this.#status}" found`,
      );
    }
    this.#status = TaskStatus.STARTING;
    try {
      signal?.throwIfAborted();
      const { id, attempt, data } = this;
      this.#cancelWire = await this.#home.send({ id, attempt, data }, this.#events());
    } catch (thrown) {
      this.#end(TaskStatus.START_FAILED, undefined, thrown as Error);
      if (!(thrown instanceof NetworkError)) throw thrown;
      await this.#home.onStartError(thrown);
      return this;
    }
    if (this.#isCancelAsked && !this.isEnded) this.#cancelWire();
    try {
      await abortable(this.#taken(), signal);
      return this;
    } catch (thrown) {
      if (!this.isEnded) void this.cancel();
      throw thrown;
    }
  }

  /** Resolves when the slave has taken the task, rejects when it does not. */
  #taken(): Promise<void> {
    if (this.#status === TaskStatus.STARTING) {
      return new Promise((resolve, reject) => (this.#starter = { resolve, reject }));
    }
    return this.#error && !this.#isTaken ? Promise.reject(this.#error) : Promise.resolve();
  }

  #events(): WireEvents {
    return {
      accepted: () => this.#accept(),
      progress: (value) => {
        for (const callback of this.#onProgress) {
          this.#home.guard("onProgress", () => callback(value));
        }
      },
      leaving: () => {
        for (const callback of this.#onLeaving) this.#home.guard("onLeaving", callback);
      },
      completed: (result) => {
        this.#accept();
        this.#end(TaskStatus.COMPLETED, result, undefined);
      },
      failed: (error, result) => {
        this.#accept();
        this.#end(FAILURES[error.code] ?? TaskStatus.FAILED, result, error);
      },
      refused: (error) => {
        const wasTaken = this.#status === TaskStatus.STARTED;
        this.#end(wasTaken ? TaskStatus.FAILED : TaskStatus.START_FAILED, undefined, error);
      },
      lost: (cause) => {
        const message = `Slave "${this.slave}" is lost: ${cause.message}`;
        this.#end(
          TaskStatus.LOST,
          undefined,
          new NetworkError("network.closed", message, { cause }),
        );
      },
    };
  }

  #accept(): void {
    if (this.#status !== TaskStatus.STARTING) return;
    this.#status = TaskStatus.STARTED;
    this.#isTaken = true;
    this.#starter?.resolve();
    this.#home.onStarted(this);
  }

  #end(status: TaskStatus, result: unknown, error: Error | undefined): void {
    if (this.isEnded) return;
    this.#status = status;
    this.#result = result;
    this.#error = error;
    if (error) this.#starter?.reject(error);
    if (status === TaskStatus.COMPLETED) {
      for (const callback of this.#onComplete) this.#call("onComplete", callback);
    } else if (!NOT_FAILED.has(status)) {
      for (const callback of this.#onFail) this.#call("onFail", callback);
    }
    this.#ended?.resolve();
  }

  #call(what: string, callback: Callback): void {
    this.#home.guard(what, () => callback(this.data, this.#result));
  }
}

const ENDS: ReadonlySet<TaskStatus> = new Set([
  TaskStatus.START_FAILED,
  TaskStatus.COMPLETED,
  TaskStatus.FAILED,
  TaskStatus.CANCELLED,
  TaskStatus.TIMED_OUT,
  TaskStatus.LOST,
]);

/** Ends that onFail does not hear of: start() has told of the second itself. */
const NOT_FAILED: ReadonlySet<TaskStatus> = new Set([
  TaskStatus.COMPLETED,
  TaskStatus.START_FAILED,
]);

const FAILURES: Partial<Record<string, TaskStatus>> = {
  "task.cancelled": TaskStatus.CANCELLED,
  "task.timed-out": TaskStatus.TIMED_OUT,
};

function cancelledError(): DingError {
  return new DingError("task.cancelled", "The task was cancelled before it was started");
}
