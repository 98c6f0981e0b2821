import { DingError, errorOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { delay } from "../../core/wait.ts";
import { Client } from "../../serve/client/client.ts";
import type { UnitContext } from "../unit-context.ts";
import type { UnitMeta } from "../worker-protocol.ts";

/** So long a client looks for its server before it says that it is not there; then the unit waits. */
const CONNECT_TIMEOUT_MS = 3_000;

/** What a unit stands on in its worker process: its context, and what ends it. */
export class UnitPlace implements AsyncDisposable {
  readonly context: UnitContext;
  readonly #abandoned = new AbortController();
  readonly #stopping = new AbortController();
  #client: Client | undefined;

  constructor(meta: UnitMeta, log: Logger) {
    const { id, ip, port, portOut } = meta;
    const clientOf = (): Client => (this.#client ??= makeClient(meta, log));
    const stopping = this.#stopping.signal;
    // `port_out` is Python's spelling.
    const where = { ip, port, portOut, port_out: portOut };
    this.context = {
      ...where,
      unit: id,
      log,
      signal: this.#abandoned.signal,
      stopping,
      sleep: (ms) => delay(ms, stopping).catch(() => {}),
      get client() {
        return clientOf();
      },
    };
  }

  /** It shall end after what it does now. */
  stop(): void {
    this.#stopping.abort(new DingError("service.stopping", "The unit is to end"));
  }

  /** Nobody waits for what it does. */
  abandon(): void {
    this.stop();
    this.#abandoned.abort(new DingError("task.cancelled", "Nobody waits for the unit any more"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.close();
  }
}

function makeClient({ ip, port, token }: UnitMeta, log: Logger): Client {
  if (ip === "") {
    // As one that is away: the fleet may be switched to one, and no job is to blame.
    throw errorOf("network.unreachable", "Cannot use the client: there is no remote server", {
      hint: "Name one: --remote-servers HOST:PORT.",
    });
  }
  return new Client({ ip, port, token, log, connectTimeoutMs: CONNECT_TIMEOUT_MS });
}
