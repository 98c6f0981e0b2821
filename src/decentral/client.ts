import { HttpClient } from "../http/client.ts";
import { requestJson } from "../http/json-client.ts";
import type { TlsOptions } from "../http/tls.ts";
import { NetworkError } from "../core/errors.ts";
import { delay } from "../core/wait.ts";
import { urlOf } from "../runtime/url.ts";
import type { GroupChange } from "./routes.ts";

/** Where a fleet is, and how it is asked. */
export interface FleetClientOptions {
  host: string;
  port: number;
  token?: string | undefined;
  /** What to trust and to show; with it the fleet is reached by TLS. */
  tls?: TlsOptions | undefined;
  /** How long a change may take; as long as it takes if not given. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What a fleet says of itself. */
export type FleetStatus = Record<string, unknown>;

/** The longest that timers can hold. */
const LONGEST_MS = 2_147_483_647;
const STATUS_TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 50;
/** So long a fleet whose units have ended may take to be gone. */
const GONE_MS = 10_000;

/** Asks a running fleet, and changes it. Each change resolves when it is done; a refusal is thrown as the fleet told it. */
export class FleetClient implements Disposable {
  readonly #options: FleetClientOptions;
  readonly #http: HttpClient;

  constructor(options: FleetClientOptions) {
    this.#options = options;
    this.#http = new HttpClient({ tls: options.tls });
  }

  /** Rejects with a NetworkError where nobody listens. */
  async status(): Promise<FleetStatus> {
    return await this.#ask("GET", "/status", undefined, STATUS_TIMEOUT_MS);
  }

  /** Units end when they have finished what they do. */
  idle(): Promise<FleetStatus> {
    return this.#ask("POST", "/idle");
  }

  restart(): Promise<FleetStatus> {
    return this.#ask("POST", "/restart");
  }

  switchTo(change: GroupChange): Promise<FleetStatus> {
    return this.#ask("POST", "/switch", change);
  }

  /** The fleet ends when its units have; resolves when nobody listens there any more. */
  async terminate(): Promise<FleetStatus> {
    const status = await this.#ask("POST", "/terminate");
    const deadline = performance.now() + GONE_MS;
    while (performance.now() < deadline && (await this.#isThere(status["boot"]))) {
      await delay(LOOK_EVERY_MS, this.#options.signal);
    }
    return { ...status, state: "stopped", reason: null };
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  /** The same run of the program; another one may listen there already. */
  async #isThere(boot: unknown): Promise<boolean> {
    try {
      return (await this.status())["boot"] === boot;
    } catch (thrown) {
      // One that is busy with its end may not answer at once.
      return !(thrown instanceof NetworkError) || thrown.code === "network.timeout";
    }
  }

  async #ask(
    method: "GET" | "POST",
    path: string,
    value?: unknown,
    timeoutMs: number = this.#options.timeoutMs ?? LONGEST_MS,
  ): Promise<FleetStatus> {
    const { host, port, tls, token, signal } = this.#options;
    const url = `${urlOf(host, port, tls)}${path}`;
    const request = { method, url, token, value, timeoutMs, signal };
    const answer = (await requestJson(this.#http, request)) as FleetStatus | undefined;
    if (answer?.["role"] === "decentral") return answer;
    throw new NetworkError("network.protocol", `Cannot use ${url}: no fleet listens there`, {
      hint: "Check host and port; `ding decentral` says in its ready line where it listens.",
    });
  }
}
