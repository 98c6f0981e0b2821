import type { Clock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { within } from "../core/wait.ts";
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
  onBroken: ((error: DingError) => void) | undefined;

  constructor(options: InProcessOptions) {
    this.#options = options;
    this.#runner = new TaskRunner({ ...options, workerId: WORKER_ID });
  }

  async start(): Promise<void> {}

  run(job: TaskJob, events: TaskEvents): () => void {
    const { taskTimeoutMs, clock } = this.#options;
    let isEnded = false;
    let timer: Disposable | undefined;
    let progress: ProgressThrottle | undefined;
    const once = <T>(tell: (value: T) => void) => {
      return (value: T): void => {
        if (isEnded) return;
        progress?.end();
        isEnded = true;
        timer?.[Symbol.dispose]();
        tell(value);
      };
    };
    const failed = once(events.failed.bind(events));
    const abort = this.#runner.run(job, {
      accepted: () => !isEnded && events.accepted(),
      progress(value) {
        if (isEnded) return;
        progress ??= new ProgressThrottle(clock, (passed) => events.progress(passed));
        progress.put(value);
      },
      refused: once(events.refused.bind(events)),
      completed: once(events.completed.bind(events)),
      failed,
    });
    const end = (error: DingError): void => {
      abort(error);
      failed(error.toJSON());
    };
    // Code that never waits has ended by now.
    if (taskTimeoutMs > 0 && !isEnded) {
      const message = `The task ran longer than ${taskTimeoutMs} ms`;
      timer = clock.after(taskTimeoutMs, () => end(new DingError("task.timed-out", message)));
    }
    return () => end(new DingError("task.cancelled", "The task was cancelled"));
  }

  async hook(name: ConnectionHook, args: unknown[]): Promise<void> {
    const { plugin } = this.#options;
    const hook = plugin[name] as ((...args: unknown[]) => unknown) | undefined;
    const called = Promise.resolve(hook?.apply(plugin, args));
    await within(called, HOOK_TIMEOUT_MS, `the hook ${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
