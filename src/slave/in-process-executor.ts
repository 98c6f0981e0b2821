import type { Clock } from "../core/clock.ts";
import { DingError, type ErrorRecord } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { within } from "../core/wait.ts";
import type { Body } from "../rpc/message.ts";
import type { Executor } from "./executor.ts";
import type { TaskEvents, TaskJob } from "./outcome.ts";
import type { ConnectionHook, SlavePlugin } from "./plugin.ts";
import { ProgressThrottle } from "./progress-throttle.ts";
import { TaskRunner } from "./task-runner.ts";

/** What running in this process needs. */
export interface InProcessOptions {
  plugin: SlavePlugin;
  channel: number;
  taskTimeoutMs: number;
  clock: Clock;
  log: Logger;
}

const WORKER_ID = "w0";

/** Nobody else could connect while a hook is waited for. */
export const HOOK_TIMEOUT_MS = 30_000;

/**
 * Runs tasks in the slave's own process. Cancel and timeout abort the signal
 * and are reported at once; code that does not look at the signal goes on
 * unheard, and its place is free for the next task.
 */
export class InProcessExecutor implements Executor {
  readonly #options: InProcessOptions;
  readonly #runner: TaskRunner;
  readonly workers = [];
  readonly hasRoom = false;
  onBroken: ((error: DingError) => void) | undefined;

  constructor(options: InProcessOptions) {
    this.#options = options;
    this.#runner = new TaskRunner({ ...options, workerId: WORKER_ID });
  }

  async start(): Promise<void> {}

  run(job: TaskJob, events: TaskEvents): () => void {
    const { taskTimeoutMs, clock } = this.#options;
    const run = new Run(events, clock);
    run.begin(this.#runner, job, taskTimeoutMs);
    return () => run.end(new DingError("task.cancelled", "The task was cancelled"));
  }

  async hook(name: ConnectionHook, args: unknown[]): Promise<void> {
    const { plugin } = this.#options;
    const hook = plugin[name] as ((...args: unknown[]) => unknown) | undefined;
    const called = Promise.resolve(hook?.apply(plugin, args));
    await within(called, HOOK_TIMEOUT_MS, `the hook ${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** One task; whatever it still says after its end is not heard. */
class Run implements TaskEvents {
  readonly #events: TaskEvents;
  readonly #clock: Clock;
  #abort: ((reason: DingError) => void) | undefined;
  #isEnded = false;
  #timer: Disposable | undefined;
  #progress: ProgressThrottle | undefined;

  constructor(events: TaskEvents, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  begin(runner: TaskRunner, job: TaskJob, timeoutMs: number): void {
    this.#abort = runner.run(job, this);
    // Code that never waits has ended by now.
    if (timeoutMs === 0 || this.#isEnded) return;
    const message = `The task ran longer than ${timeoutMs} ms`;
    this.#timer = this.#clock.after(timeoutMs, () =>
      this.end(new DingError("task.timed-out", message)),
    );
  }

  end(error: DingError): void {
    this.#abort?.(error);
    this.failed(error.toJSON());
  }

  accepted(): void {
    if (!this.#isEnded) this.#events.accepted();
  }

  progress(value: Body): void {
    if (this.#isEnded) return;
    this.#progress ??= new ProgressThrottle(this.#clock, (passed) => this.#events.progress(passed));
    this.#progress.put(value);
  }

  refused(refusal: ErrorRecord): void {
    if (this.#isFirstEnd()) this.#events.refused(refusal);
  }

  completed(result: Body): void {
    if (this.#isFirstEnd()) this.#events.completed(result);
  }

  failed(error: ErrorRecord): void {
    if (this.#isFirstEnd()) this.#events.failed(error);
  }

  #isFirstEnd(): boolean {
    if (this.#isEnded) return false;
    this.#progress?.end();
    this.#isEnded = true;
    this.#timer?.[Symbol.dispose]();
    return true;
  }
}
