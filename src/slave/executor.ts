import type { DingError } from "../core/errors.ts";
import type { WorkerFacts } from "../pool/pool.ts";
import type { TaskEvents, TaskJob } from "./outcome.ts";
import type { ConnectionHook } from "./plugin.ts";

/** Where a slave's plugin runs: in its own process, or in workers. */
export interface Executor extends AsyncDisposable {
  /** Resolves when tasks can run, rejects when the plugin does not load. Tasks given before wait. */
  start(): Promise<void>;
  /** Runs the task; returns what cancels it. */
  run(job: TaskJob, events: TaskEvents): () => void;
  /** True when it takes a task already that only runs after those it has. */
  readonly hasRoom: boolean;
  /** Calls a connection hook of the plugin, if it has one; rejects with what it throws. */
  hook(name: ConnectionHook, args: unknown[]): Promise<void>;
  readonly workers: WorkerFacts[];
  /** Called once when tasks can no longer run. */
  onBroken: ((error: DingError) => void) | undefined;
}
