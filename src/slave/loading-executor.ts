import { DingError } from "../core/errors.ts";
import { within } from "../core/wait.ts";
import { lateError } from "../pool/start-error.ts";
import { importModule, sendPrintsToStderr } from "../runtime/modules.ts";
import type { Executor } from "./executor.ts";
import { InProcessExecutor, type InProcessOptions } from "./in-process-executor.ts";
import type { TaskEvents, TaskJob } from "./outcome.ts";
import { pluginOf, type ConnectionHook } from "./plugin.ts";

/** What running a plugin in this process needs. */
export interface LoadingOptions extends Omit<InProcessOptions, "plugin"> {
  loadTimeoutMs: number;
}

/** Loads a plugin's module into this process and runs its tasks here; tasks that come before wait. */
export class LoadingExecutor implements Executor {
  readonly #path: string;
  readonly #options: LoadingOptions;
  readonly workers = [];
  readonly hasRoom = false;
  #loaded: Promise<InProcessExecutor> | undefined;
  #executor: InProcessExecutor | undefined;
  onBroken: ((error: DingError) => void) | undefined;

  constructor(path: string, options: LoadingOptions) {
    this.#path = path;
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#load();
  }

  run(job: TaskJob, events: TaskEvents): () => void {
    if (this.#executor) return this.#executor.run(job, events);
    let cancel: (() => void) | undefined;
    let isCancelled = false;
    this.#load().then(
      (executor) => {
        cancel = executor.run(job, events);
        if (isCancelled) cancel();
      },
      (thrown: DingError) => events.failed(thrown.toJSON()),
    );
    return () => {
      isCancelled = true;
      cancel?.();
    };
  }

  async hook(name: ConnectionHook, args: unknown[]): Promise<void> {
    const executor = await this.#load();
    await executor.hook(name, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #load(): Promise<InProcessExecutor> {
    this.#loaded ??= this.#import();
    return this.#loaded;
  }

  async #import(): Promise<InProcessExecutor> {
    sendPrintsToStderr();
    const { loadTimeoutMs } = this.#options;
    const module = await within(importModule(this.#path), loadTimeoutMs, "the plugin").catch(
      (thrown: unknown) => {
        const isLate = thrown instanceof DingError && thrown.code === "wait.timeout";
        throw isLate ? lateError(loadTimeoutMs) : thrown;
      },
    );
    const plugin = pluginOf(module, this.#path);
    this.#executor = new InProcessExecutor({ ...this.#options, plugin });
    return this.#executor;
  }
}
