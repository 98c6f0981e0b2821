import type { Clock } from "../core/clock.ts";
import type { ErrorRecord } from "../core/errors.ts";
import type { Body } from "../rpc/message.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A piece of work for one worker. Exactly one of `reply` and `fail` is called. */
export interface PoolTask {
  method: string;
  meta: unknown;
  body: Body;
  /** 0 is no limit; counted from the moment at which a worker has it. */
  timeoutMs: number;
  reply(body: Body): void;
  fail(error: ErrorRecord): void;
  event(name: string, body: Body): void;
  /** A worker has it now. */
  taken?(worker: { id: string; pid: number }): void;
}

/**
 * One piece of work and the worker that has it. It ends once, whatever comes
 * first: the answer, the worker's death, or the kill after a cancel or timeout.
 *
 *   waiting ── give() → running ── answer | worker gone → ended
 *      │                   └─ cancel(), timeout → ending ── answer | kill → ended
 *      └── cancel(), abandon() → ended
 */
export class Assignment {
  readonly #task: PoolTask;
  readonly #clock: Clock;
  readonly #cancelGraceMs: number;
  readonly #onDone: (worker: WorkerProcess, ok: boolean) => void;
  #worker: WorkerProcess | undefined;
  #call = 0;
  #timer: Disposable | undefined;
  /** Why it is being ended; whatever the worker still says, this is the answer. */
  #verdict: ErrorRecord | undefined;
  #isEnded = false;

  constructor(
    task: PoolTask,
    { clock, cancelGraceMs }: { clock: Clock; cancelGraceMs: number },
    onDone: (worker: WorkerProcess, ok: boolean) => void,
  ) {
    this.#task = task;
    this.#clock = clock;
    this.#cancelGraceMs = cancelGraceMs;
    this.#onDone = onDone;
  }

  give(worker: WorkerProcess): void {
    const task = this.#task;
    this.#worker = worker;
    worker.tasks += 1;
    task.taken?.(worker);
    if (task.timeoutMs > 0) {
      this.#timer = this.#clock.after(task.timeoutMs, () =>
        this.#endBy({
          code: "task.timed-out",
          message: `The task ran longer than ${task.timeoutMs} ms`,
        }),
      );
    }
    this.#call = worker.peer.call(task.method, task.meta, task.body, {
      reply: (body) => this.#end(() => task.reply(body), true),
      fail: (error) => this.#end(() => task.fail(error), !worker.isGone),
      event: (name, body) => task.event(name, body),
    });
  }

  cancel(): void {
    this.#endBy({ code: "task.cancelled", message: "The task was cancelled" });
  }

  /** Ends it before any worker has it. */
  abandon(error: ErrorRecord): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#task.fail(error);
  }

  #endBy(verdict: ErrorRecord): void {
    const worker = this.#worker;
    if (this.#isEnded || this.#verdict) return;
    if (!worker) return this.abandon(verdict);
    this.#verdict = verdict;
    this.#timer?.[Symbol.dispose]();
    worker.peer.cancel(this.#call);
    this.#timer = this.#clock.after(this.#cancelGraceMs, () => worker.killOnPurpose());
  }

  #end(tell: () => void, isWorkerFit: boolean): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timer?.[Symbol.dispose]();
    if (this.#verdict) this.#task.fail(this.#verdict);
    else tell();
    if (this.#worker && isWorkerFit) this.#onDone(this.#worker, !this.#verdict);
  }
}
