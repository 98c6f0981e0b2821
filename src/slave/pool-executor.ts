import type { Clock } from "../core/clock.ts";
import { DingError, type ErrorRecord } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { within } from "../core/wait.ts";
import type { PoolTask } from "../pool/assignment.ts";
import { Pool, type WorkerFacts } from "../pool/pool.ts";
import { DEFAULT_RESTART } from "../pool/restart-policy.ts";
import { msgpack } from "../protocol/codec.ts";
import { TASK_EVENTS } from "../protocol/task-session.ts";
import type { Body } from "../rpc/message.ts";
import { spawnSelf } from "../runtime/self.ts";
import type { Executor } from "./executor.ts";
import { HOOK_TIMEOUT_MS } from "./in-process-executor.ts";
import type { TaskEvents, TaskJob } from "./outcome.ts";
import type { ConnectionHook } from "./plugin.ts";
import { ConnectionRefuse, DisconnectionRefuse } from "./refusals.ts";
import { WORKER_METHODS, workerFacts, type WorkerSetUp } from "./worker-protocol.ts";

/** What running in worker processes needs. */
export interface PoolExecutorOptions {
  plugin: string;
  channel: number;
  concurrency: number;
  taskTimeoutMs: number;
  cancelGraceMs: number;
  maxTasksPerWorker: number;
  loadTimeoutMs: number;
  /** How much the workers log. */
  logLevel: string;
  clock: Clock;
  log: Logger;
}

/** So many short tasks may lie ready in the only worker. */
const MOST_AHEAD = 16;

/** Runs tasks in worker processes, one task each at a time; their bytes pass through undecoded. */
export class PoolExecutor implements Executor {
  readonly #pool: Pool;
  readonly #plugin: PluginFacts;
  #ready: Promise<void> | undefined;
  onBroken: ((error: DingError) => void) | undefined;

  constructor(options: PoolExecutorOptions) {
    const { plugin, channel, concurrency, loadTimeoutMs, logLevel } = options;
    this.#plugin = { timeoutMs: options.taskTimeoutMs, hooks: [], checks: true };
    this.#pool = new Pool({
      ...options,
      size: concurrency,
      // Work that lies ready in one worker cannot be taken from it while it is in a loop; another would stand idle.
      mostAhead: concurrency === 1 ? MOST_AHEAD : 0,
      spawn: (workerId) => {
        const env = { DING_WORKER_ID: workerId, DING_WORKER_LOG_LEVEL: logLevel };
        return spawnSelf(["_worker", "slave"], env);
      },
      setUp: async (peer, workerId) => {
        const meta: WorkerSetUp = { plugin, channel, workerId };
        this.#learn(await peer.request(WORKER_METHODS.SET_UP, meta));
      },
      setUpTimeoutMs: loadTimeoutMs,
      restart: DEFAULT_RESTART,
      onBroken: (error) => this.onBroken?.(error),
    });
  }

  get workers(): WorkerFacts[] {
    return this.#pool.workers;
  }

  get hasRoom(): boolean {
    return this.#pool.hasRoom;
  }

  start(): Promise<void> {
    this.#ready ??= this.#pool.start();
    return this.#ready;
  }

  run(job: TaskJob, events: TaskEvents): () => void {
    return this.#pool.run(new PooledTask(job, events, this.#plugin));
  }

  async hook(name: ConnectionHook, args: unknown[]): Promise<void> {
    await this.#ready;
    if (!this.#plugin.hooks.includes(name)) return;
    try {
      await within(this.#ask(name, msgpack.encode(args)), HOOK_TIMEOUT_MS, `the hook ${name}`);
    } catch (thrown) {
      throw refusalOf(DingError.from(thrown));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool[Symbol.asyncDispose]();
  }

  /** Asks again if the worker was killed, for a task that it was to give up; its successor answers. */
  async #ask(name: ConnectionHook, args: Body): Promise<void> {
    const ask = (): Promise<Body> => this.#pool.ask(WORKER_METHODS.HOOK, [name], args);
    await ask().catch((thrown: unknown) => {
      if (thrown instanceof DingError && thrown.code === "worker.exited") return ask();
      throw thrown;
    });
  }

  #learn(facts: Body): void {
    const { hooks, checks } = workerFacts.parse(facts ? msgpack.decode(facts) : undefined);
    this.#plugin.hooks = hooks;
    this.#plugin.checks = checks;
  }
}

/** What is known of the plugin; all of it only when the first worker has loaded it. */
interface PluginFacts {
  readonly timeoutMs: number;
  hooks: readonly string[];
  /** Does it look at a task, and say itself that it accepts it? */
  checks: boolean;
}

/** A slave's task as the pool sees it. */
class PooledTask implements PoolTask {
  readonly method = WORKER_METHODS.TASK;
  readonly meta: [id: string, attempt: number];
  readonly body: Body;
  readonly timeoutMs: number;
  readonly #events: TaskEvents;
  readonly #plugin: PluginFacts;

  constructor({ id, attempt, data }: TaskJob, events: TaskEvents, plugin: PluginFacts) {
    this.meta = [id, attempt];
    this.body = data;
    this.timeoutMs = plugin.timeoutMs;
    this.#events = events;
    this.#plugin = plugin;
  }

  taken(): void {
    if (!this.#plugin.checks) this.#events.accepted();
  }

  event(name: string, body: Body): void {
    if (name === TASK_EVENTS.ACCEPTED) this.#events.accepted();
    else this.#events.progress(body);
  }

  reply(result: Body): void {
    this.#events.completed(result);
  }

  fail(error: ErrorRecord): void {
    if (error.code === "task.refused") this.#events.refused(error);
    else this.#events.failed(error);
  }
}

/** A refusal thrown in a worker is the same refusal here. */
function refusalOf(error: DingError): Error {
  const { refusal, data } = error.details;
  if (refusal === "ConnectionRefuse") return new ConnectionRefuse(data, error.message);
  if (refusal === "DisconnectionRefuse") return new DisconnectionRefuse(data, error.message);
  return error;
}
