import { systemClock } from "../core/clock.ts";
import { DingError, type ErrorRecord } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { parentLink } from "../link/ipc.ts";
import { msgpack } from "../protocol/codec.ts";
import { TASK_EVENTS } from "../protocol/task-session.ts";
import type { Body } from "../rpc/message.ts";
import { Peer, type IncomingCall } from "../rpc/peer.ts";
import { Session } from "../rpc/session.ts";
import { importModule } from "../runtime/modules.ts";
import { failureRecord } from "./outcome.ts";
import { CONNECTION_HOOKS, pluginOf, type ConnectionHook, type SlavePlugin } from "./plugin.ts";
import { portable, wordsOf } from "./portable.ts";
import { ProgressThrottle } from "./progress-throttle.ts";
import { isRefusal } from "./refusals.ts";
import { TaskRunner } from "./task-runner.ts";
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
  readonly #session: Session;
  readonly #log: Logger;
  #plugin: SlavePlugin | undefined;
  #runner: TaskRunner | undefined;
  /** A task is accepted by what the plugin says; if it checks nothing, nobody waits for its word. */
  #checks = false;

  constructor(session: Session, log: Logger) {
    this.#session = session;
    this.#log = log;
  }

  answer(call: IncomingCall): void {
    if (call.method === WORKER_METHODS.TASK) return this.#runTask(call);
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
    this.#checks = plugin.schema !== undefined || plugin.beforeTask !== undefined;
    return {
      hooks: CONNECTION_HOOKS.filter((name) => plugin[name] !== undefined),
      checks: this.#checks,
    };
  }

  #runTask(call: IncomingCall): void {
    const [id, attempt] = call.meta as [string, number];
    if (!this.#runner) return call.fail({ code: "internal.bug", message: "No plugin is loaded" });
    let progress: ProgressThrottle | undefined;
    const tell = (value: Body): void => {
      call.event(TASK_EVENTS.PROGRESS, value);
      // The plugin may be in a loop that does not give the turn back.
      this.#session.flush();
    };
    const abort = this.#runner.run(
      { id, attempt, data: call.body },
      {
        accepted: () => {
          if (!this.#checks) return;
          call.event(TASK_EVENTS.ACCEPTED);
          this.#session.flush();
        },
        refused: (error) => call.fail(error),
        progress(value) {
          progress ??= new ProgressThrottle(systemClock, tell);
          progress.put(value);
        },
        completed: (result) => {
          progress?.end();
          call.reply(result);
        },
        failed: (error) => {
          progress?.end();
          call.fail(error);
        },
      },
    );
    call.onCancel = () => abort(new DingError("task.cancelled", "The task was cancelled"));
  }

  async #callHook(call: IncomingCall): Promise<unknown> {
    const [name] = call.meta as [ConnectionHook];
    const args = call.body ? (msgpack.decode(call.body) as unknown[]) : [];
    const hook = this.#plugin?.[name] as ((...args: unknown[]) => unknown) | undefined;
    try {
      await hook?.apply(this.#plugin, args);
    } catch (thrown) {
      throw new DingError("peer.refused", wordsOf(thrown), { details: refusalDetails(thrown) });
    }
    return null;
  }
}

function refusalDetails(thrown: unknown): NonNullable<ErrorRecord["details"]> {
  for (const name of ["ConnectionRefuse", "DisconnectionRefuse"]) {
    if (isRefusal(thrown, name)) return { refusal: name, data: portable(thrown.data) };
  }
  return {};
}
