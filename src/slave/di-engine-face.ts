import { DingError, type ErrorRecord } from "../core/errors.ts";
import { msgpack } from "../protocol/codec.ts";
import { encodePythonJson } from "../protocol/python-json.ts";
import { isSameSecret } from "../http/bearer.ts";
import type { Body } from "../rpc/message.ts";
import { checkCallback } from "./callback-address.ts";
import { DiEngineMaster, type DiEngineMasterOptions } from "./di-engine-master.ts";
import { refuse } from "./refuse.ts";
import type { Seat } from "./seat.ts";
import type { Tasks } from "./tasks.ts";

/** What the HTTP dialect of a slave stands on. */
export interface DiEngineFaceOptions extends Omit<DiEngineMasterOptions, "onLost"> {
  seat: Seat;
  tasks: Tasks;
  /** Hosts that results may be sent to besides the caller. */
  allowCallback: readonly string[];
  onLost: (address: string, error: DingError) => void;
}

/** Who calls. */
export interface Caller {
  token: string;
  remoteAddress: string;
}

/** The slave's side of the dialect that DI-engine's masters speak: plain HTTP, results by callback. */
export class DiEngineFace implements AsyncDisposable {
  readonly #options: DiEngineFaceOptions;
  readonly #reports = new Set<Promise<void>>();
  #master: DiEngineMaster | undefined;

  constructor(options: DiEngineFaceOptions) {
    this.#options = options;
  }

  /** POST /connect: the token of the caller becomes the connection's. */
  async connect({ token, remoteAddress }: Caller, address: string, data: unknown): Promise<void> {
    const { seat, log, allowCallback } = this.#options;
    if (seat.occupant && !seat.occupant.isAway()) throw refuse("SLAVE_ALREADY_CONNECTED");
    const callback = await checkCallback(address, remoteAddress, allowCallback);
    const master = new DiEngineMaster(callback, token, {
      ...this.#options,
      onLost: (lost, error) => this.#onLost(lost, error),
    });
    await seat.take(master, data);
    this.#master = master;
    master.start();
    log.info(`DI-engine master ${address} connected`);
  }

  /** Throws unless the token is that of the connection. */
  check(token: string): void {
    this.#known(token);
  }

  /** DELETE /disconnect */
  async disconnect(token: string, data: unknown): Promise<void> {
    const master = this.#known(token);
    if (!(await this.#options.seat.leave(master, data))) return;
    this.#letGo(master);
    this.#options.log.info(`DI-engine master ${master.address} disconnected`);
  }

  /** POST /task/new: resolves when the task runs or waits; a repeated request is the same task. */
  newTask(token: string, id: string, data: unknown): Promise<void> {
    const master = this.#known(token);
    return new Promise((accept, reject) => {
      let isAccepted = false;
      const accepted = (): void => {
        isAccepted = true;
        accept();
      };
      const admission = this.#options.tasks.submit(
        { id, attempt: 1, data: msgpack.encode(data) },
        {
          accepted,
          progress() {},
          completed: (result) => void this.#report(master, "complete", id, () => decode(result)),
          failed: (error) => {
            accepted();
            void this.#report(master, "fail", id, () => failureResult(error));
          },
          refused: (refusal) => {
            const refused = refuse("TASK_REFUSED", refusal.details?.["data"], refusal.message);
            if (!isAccepted) return reject(refused);
            void this.#report(master, "fail", id, () => failureResult(refused.toJSON()));
          },
        },
      );
      if (admission === "queue" || admission === "known") accepted();
      if (admission === "busy" || admission === "full") reject(refuse("TASK_ALREADY_EXIST"));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#master?.end();
  }

  /** Resolves when every report has been heard, or its master is lost. */
  async delivered(): Promise<void> {
    await Promise.all(this.#reports);
  }

  #known(token: string): DiEngineMaster {
    const master = this.#master;
    if (!master || !isSameSecret(token, master.token) || this.#options.seat.occupant !== master) {
      throw refuse("MASTER_TOKEN_INVALID");
    }
    return master;
  }

  async #report(
    master: DiEngineMaster,
    path: "complete" | "fail",
    id: string,
    result: () => unknown,
  ): Promise<void> {
    let body: Uint8Array;
    try {
      body = encodePythonJson({ task: { id }, result: result() ?? null });
    } catch (thrown) {
      const { message } = DingError.from(thrown);
      const error = { code: "task.invalid-result", message: `Cannot send result: ${message}` };
      body = encodePythonJson({ task: { id }, result: failureResult(error) });
      path = "fail";
    }
    const report = master.report(path, body);
    this.#reports.add(report);
    await report.finally(() => this.#reports.delete(report));
  }

  #letGo(master: DiEngineMaster): void {
    master.end();
    if (this.#master === master) this.#master = undefined;
    this.#options.tasks.cancelAll();
  }

  #onLost(master: DiEngineMaster, error: DingError): void {
    const { seat, log, onLost } = this.#options;
    if (!seat.vacate(master)) return;
    this.#letGo(master);
    log.warn(`DI-engine master ${master.address} is lost: ${error.message}`);
    onLost(master.address, error);
  }
}

function decode(body: Body): unknown {
  return body ? msgpack.decode(body) : null;
}

/** The dialect has a result and no error: TaskFail's result goes as it is, other failures say what they are. */
function failureResult(error: ErrorRecord): unknown {
  if (error.details && "result" in error.details) return error.details["result"];
  return { code: error.code, message: error.message };
}
