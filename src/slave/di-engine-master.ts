import type { Clock } from "../core/clock.ts";
import { DingError, NetworkError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { backoffMs } from "../core/retry.ts";
import { delay } from "../core/wait.ts";
import type { HttpClient } from "../http/client.ts";
import type { Occupant } from "./seat.ts";

/** How a master that is called back over HTTP is looked after. */
export interface DiEngineMasterOptions {
  channel: number;
  heartbeatMs: number;
  toleranceMs: number;
  http: HttpClient;
  clock: Clock;
  log: Logger;
  /** Once, when it is gone for good. */
  onLost: (master: DiEngineMaster, error: DingError) => void;
}

/** So often must nobody listen at the master's port before it counts as dead. */
const REFUSALS_UNTIL_DEAD = 3;
const RETRY = { minMs: 100, maxMs: 1_000, jitter: 0.2 };

/**
 * A master of the ancestor's dialect: it is told by HTTP that the slave lives,
 * and how its tasks ended. It is lost when it does not know us any more, when
 * nobody listens at its port, or when it is silent for the tolerance.
 */
export class DiEngineMaster implements Occupant {
  readonly kind = "di-engine";
  readonly address: string;
  readonly token: string;
  readonly #options: DiEngineMasterOptions;
  readonly #ending = new AbortController();
  #answeredAt: number;
  /** It registers us only after its own hook has run: until then its "unknown" means nothing. */
  #hasAccepted = false;
  #refusals = 0;

  constructor(address: string, token: string, options: DiEngineMasterOptions) {
    this.address = address.replace(/\/+$/, "");
    this.token = token;
    this.#options = options;
    this.#answeredAt = options.clock.now();
  }

  isAway(): boolean {
    return false;
  }

  evict(): void {
    this.end();
  }

  /** Begins to tell the master that the slave lives. */
  start(): void {
    void this.#beat();
  }

  /** Stops telling it anything. */
  end(): void {
    this.#ending.abort(new DingError("service.stopping", "The connection has ended"));
  }

  /** Tells the master how a task ended, again and again until it has heard or is lost. */
  async report(path: "complete" | "fail", body: Uint8Array): Promise<void> {
    const { log } = this.#options;
    for (let attempt = 1; !this.#ending.signal.aborted; attempt++) {
      const answer = await this.#tell("PUT", `/slave/task/${path}`, body);
      if (answer === "heard") return;
      if (answer === "unwanted") return log.warn(`master ${this.address} does not want a result`);
      await delay(backoffMs(RETRY, attempt), this.#ending.signal).catch(() => {});
    }
  }

  async #beat(): Promise<void> {
    const { heartbeatMs } = this.#options;
    const { signal } = this.#ending;
    for (;;) {
      const waitMs = this.#refusals > 0 ? Math.min(heartbeatMs, RETRY.minMs) : heartbeatMs;
      await delay(waitMs, signal).catch(() => {});
      if (signal.aborted) return;
      await this.#tell("GET", "/slave/heartbeat", EMPTY_OBJECT);
    }
  }

  async #tell(
    method: string,
    path: string,
    body: Uint8Array,
  ): Promise<"heard" | "unwanted" | "failed"> {
    const { http, channel, clock, toleranceMs } = this.#options;
    const askedAt = clock.now();
    try {
      const { status, body: answer } = await http.request({
        method,
        url: `${this.address}${path}`,
        headers: { Channel: String(channel), Token: this.token },
        body,
        timeoutMs: toleranceMs,
        signal: this.#ending.signal,
      });
      return this.#onAnswer(status, answer);
    } catch (thrown) {
      if (this.#ending.signal.aborted) return "failed";
      const error = DingError.from(thrown);
      this.#refusals = error.code === "network.refused" ? this.#refusals + 1 : 0;
      // It was this process that slept: what the master has answered is not read yet.
      if (clock.now() - askedAt > toleranceMs * 1.5) this.#answeredAt = clock.now();
      const isSilent = clock.now() - this.#answeredAt > toleranceMs;
      if (isSilent || this.#refusals >= REFUSALS_UNTIL_DEAD) this.#lose(error);
      return "failed";
    }
  }

  #onAnswer(status: number, body: Uint8Array): "heard" | "unwanted" | "failed" {
    const { clock, toleranceMs } = this.#options;
    this.#refusals = 0;
    const success = status === 200 ? successIn(body) : undefined;
    if (success !== undefined) {
      this.#answeredAt = clock.now();
      this.#hasAccepted = true;
      return success ? "heard" : "unwanted";
    }
    // It does not know us, or what answers there is no master at all.
    const isUnknown = this.#hasAccepted && (status === 403 || status === 401);
    const isTooLate = clock.now() - this.#answeredAt > toleranceMs;
    if (isUnknown || isTooLate) {
      const message = `The master does not know this slave: it answers HTTP ${status}`;
      this.#lose(new NetworkError("network.closed", message));
    }
    return "failed";
  }

  #lose(error: DingError): void {
    if (this.#ending.signal.aborted) return;
    this.end();
    this.#options.onLost(this, error);
  }
}

const EMPTY_OBJECT = new TextEncoder().encode("{}");

/** What the envelope says; undefined when the body is none. */
function successIn(body: Uint8Array): boolean | undefined {
  try {
    const answer = JSON.parse(new TextDecoder().decode(body)) as { success?: unknown } | null;
    return typeof answer?.success === "boolean" ? answer.success : undefined;
  } catch {
    return undefined;
  }
}
