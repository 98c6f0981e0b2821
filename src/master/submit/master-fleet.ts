import { DingError } from "../../core/errors.ts";
import { ResponseException } from "../../protocol/response-exception.ts";
import { SLAVE_IS_STOPPING } from "../../protocol/task-session.ts";
import type { SlaveConnection } from "../connection.ts";
import type { Master } from "../master.ts";
import type { Dialect } from "../options.ts";
import type { Task } from "../task.ts";
import type { Dialled, Fleet, Outcome, SlaveHandle, TaskHandle } from "./fleet.ts";
import type { SlaveAddress } from "./slave-list.ts";
import type { Verdict } from "./scheduler-run.ts";
import type { SlaveRoom } from "./slave-entry.ts";

/** The slaves of a job, reached through a master. */
export class MasterFleet implements Fleet {
  readonly #master: Master;
  readonly #addresses: ReadonlyMap<string, SlaveAddress>;
  readonly #dialect: Dialect;
  #joined: ((name: string, slave: SlaveHandle) => void) | undefined;

  constructor(
    master: Master,
    addresses: ReadonlyMap<string, SlaveAddress>,
    { dialect }: { dialect: Dialect },
  ) {
    this.#master = master;
    this.#addresses = addresses;
    this.#dialect = dialect;
    master.onJoin((connection) => this.#joined?.(connection.name, handleOf(connection)));
  }

  async dial(name: string, signal: AbortSignal): Promise<Dialled> {
    try {
      const address = this.#addresses.get(name);
      if (!address) throw new DingError("internal.bug", `Cannot dial "${name}": no such slave`);
      const { host, port } = address;
      const options = { port, dialect: this.#dialect };
      const connection = this.#master.newConnection(name, host, options);
      await connection.connect({ signal });
      return { slave: handleOf(connection) };
    } catch (thrown) {
      const error = withHint(thrown);
      return { error, isFinal: !error.retryable && !isPassing(thrown) };
    }
  }

  onJoin(joined: (name: string, slave: SlaveHandle) => void): Disposable {
    this.#joined = joined;
    return { [Symbol.dispose]: () => (this.#joined = undefined) };
  }
}

/** The ancestor's codes, as a slave's refusal has them. */
const REFUSED = {
  SHUTTING_DOWN: 101,
  CHANNEL_INVALID: 202,
  ALREADY_CONNECTED: 501,
  TASK_ALREADY_EXIST: 601,
  TASK_REFUSED: 602,
} as const;

/** What to do about a refusal that has no words for it. */
function withHint(thrown: unknown): DingError {
  const error = DingError.from(thrown);
  if (refusalCodeOf(thrown) !== REFUSED.CHANNEL_INVALID) return error;
  const { code, message, details } = error;
  const hint = "Pass the slave's --channel, or none: it is then asked of the slave.";
  return new DingError(code, message, { hint, details, cause: thrown });
}

/** A slave that has another master, or is about to be started again, may be free soon. */
function isPassing(thrown: unknown): boolean {
  const code = refusalCodeOf(thrown);
  return code === REFUSED.SHUTTING_DOWN || code === REFUSED.ALREADY_CONNECTED;
}

/** A code in the details of any other error is the plugin's own. */
function refusalCodeOf(error: unknown): number | undefined {
  return error instanceof ResponseException ? error.code : undefined;
}

function handleOf(connection: SlaveConnection): SlaveHandle {
  return {
    room: roomOf(connection),
    closed: connection.closed.then((error) => error?.message ?? "disconnected"),
    begin: (data, attempt) => begin(connection.newTask(data, attempt)),
  };
}

/** A slave that refuses when it is busy has no queue, whatever limit is set for it. */
function roomOf({ slave }: SlaveConnection): SlaveRoom {
  if (!slave) return {};
  const { concurrency, queueLimit, mode } = slave;
  return { concurrency, queueLimit: mode === "queue" ? queueLimit : 0 };
}

function begin(task: Task): TaskHandle {
  const ended = task.start().then(
    () => task.join(),
    () => task,
  );
  return { ended: ended.then(outcomeOf), cancel: () => void task.cancel() };
}

function outcomeOf(task: Task): Outcome {
  const { result = null } = task;
  const error = task.error ? DingError.from(task.error) : undefined;
  const told = { result, error: error?.toJSON() };
  const code = refusalCodeOf(task.error);
  switch (task.status) {
    case "COMPLETED":
      return { verdict: "completed", status: "COMPLETED", ...told };
    case "CANCELLED": {
      const isStopped = error?.details[SLAVE_IS_STOPPING] === true;
      return { verdict: isStopped ? "lost" : "cancelled", status: "CANCELLED", ...told };
    }
    case "LOST":
      return { verdict: "lost", status: "LOST", ...told };
    case "START_FAILED":
      return { verdict: verdictOfStart(error, code), status: "START_FAILED", ...told };
    case "TIMED_OUT":
    case "FAILED": {
      // Accepted into a queue, and not wanted when its turn came: others may want it.
      const verdict = code === REFUSED.TASK_REFUSED ? "refused" : "failed";
      return { verdict, status: task.status, ...told };
    }
    case "IDLE":
    case "STARTING":
    case "STARTED":
      throw new DingError("internal.bug", `Cannot tell the end of a task: it is ${task.status}`);
  }
}

/** The task never began: was it the slave's state, the way to it, or the task? */
function verdictOfStart(error: DingError | undefined, code: number | undefined): Verdict {
  if (code === REFUSED.TASK_REFUSED) return "refused";
  if (code === REFUSED.TASK_ALREADY_EXIST) return "busy";
  if (code === REFUSED.SHUTTING_DOWN) return "leaving";
  // A slave that knows its master no more says so with a code of its own: the task goes elsewhere.
  return error?.retryable || error?.code === "peer.refused" ? "lost" : "failed";
}
