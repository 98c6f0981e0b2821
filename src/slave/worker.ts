import { systemClock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { parentLink } from "../link/process.ts";
import { OneByOne, RECALL } from "../pool/one-by-one.ts";
import { msgpack } from "../protocol/codec.ts";
import { Peer, type IncomingCall } from "../rpc/peer.ts";
import { Session } from "../rpc/session.ts";
import { importModule } from "../runtime/modules.ts";
import { failureRecord } from "./outcome.ts";
import { CONNECTION_HOOKS, pluginOf, type ConnectionHook, type SlavePlugin } from "./plugin.ts";
import { portable, wordsOf } from "./portable.ts";
import { isRefusal } from "./refusals.ts";
import { TaskRunner } from "./task-runner.ts";
import { WorkerTask, type WorkerTaskOptions } from "./worker-task.ts";
import { WORKER_METHODS, type WorkerSetUp } from "./worker-protocol.ts";

/** The program of a slave's worker process: answers its parent until that is gone. */
export function runWorker(log: Logger): void {
  const session = new Session({
    id: "worker",
    clock: systemClock,
    heartbeatMs: Infinity,
    toleranceMs: Infinity,
  });
  const worker = new Worker(session, log);
  const peer = new Peer(session, { call: (call) => worker.answer(call) });
  session.listen({
    message: (message) => peer.receive(message),
    detached: () => process.exit(0),
    ended: () => process.exit(0),
  });
  session.attach(parentLink(), 0, Infinity);
}

class Worker {
  readonly #log: Logger;
  readonly #tasks: OneByOne;
  #plugin: SlavePlugin | undefined;
  #runner: TaskRunner | undefined;
  readonly #taskOptions: WorkerTaskOptions;

  constructor(session: Session, log: Logger) {
    this.#log = log;
    this.#taskOptions = {
      clock: systemClock,
      checks: false,
      flush: () => session.flush(),
      ended: () => this.#tasks.done(),
    };
    this.#tasks = new OneByOne(session, systemClock, (call) => this.#runTask(call));
  }

  answer(call: IncomingCall): void {
    if (call.method === WORKER_METHODS.TASK) return this.#tasks.add(call);
    if (call.method === RECALL) {
      this.#tasks.recall();
      return call.reply();
    }
    const answer = call.method === WORKER_METHODS.SET_UP ? this.#setUp(call) : this.#callHook(call);
    answer.then(
      (value) => call.reply(msgpack.encode(value)),
      (thrown: unknown) =>
        call.fail(thrown instanceof DingError ? thrown.toJSON() : failureRecord(thrown)),
    );
  }

  async #setUp(call: IncomingCall): Promise<unknown> {
    const { plugin: path, channel, workerId } = call.meta as WorkerSetUp;
    const plugin = pluginOf(await importModule(path), path);
    this.#plugin = plugin;
    this.#runner = new TaskRunner({ plugin, channel, workerId, log: this.#log });
    this.#taskOptions.checks = plugin.schema !== undefined || plugin.beforeTask !== undefined;
    return {
      hooks: CONNECTION_HOOKS.filter((name) => plugin[name] !== undefined),
      checks: this.#taskOptions.checks,
    };
  }

  #runTask(call: IncomingCall): void {
    const [id, attempt] = call.meta as [string, number];
    const task = new WorkerTask(call, this.#taskOptions);
    if (!this.#runner) return task.failed({ code: "internal.bug", message: "No plugin is loaded" });
    const abort = this.#runner.run({ id, attempt, data: call.body }, task);
    call.onCancel = () => abort(new DingError("task.cancelled", "The task was cancelled"));
  }

  async #callHook(call: IncomingCall): Promise<unknown> {
    const [name] = call.meta as [ConnectionHook];
    const args = call.body ? (msgpack.decode(call.body) as unknown[]) : [];
    const hook = this.#plugin?.[name] as ((...args: unknown[]) => unknown) | undefined;
    try {
      await hook?.apply(this.#plugin, args);
    } catch (thrown) {
      throw refusalOf(thrown);
    }
    return null;
  }
}

/** A refusal without words stays without: the code has words of its own for it. */
function refusalOf(thrown: unknown): DingError {
  for (const refusal of ["ConnectionRefuse", "DisconnectionRefuse"]) {
    if (!isRefusal(thrown, refusal)) continue;
    const details = { refusal, data: portable(thrown.data) };
    return new DingError("peer.refused", wordsOf(thrown.message), { details });
  }
  return new DingError("peer.refused", wordsOf(thrown));
}
