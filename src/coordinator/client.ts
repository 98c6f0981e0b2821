import { NetworkError } from "../core/errors.ts";
import { delay } from "../core/wait.ts";
import { HttpClient } from "../http/client.ts";
import { requestJson } from "../http/json-client.ts";
import type { TlsOptions } from "../http/tls.ts";
import { urlOf } from "../runtime/url.ts";
import type { AddRequest } from "./options.ts";

/** Where a coordinator is, and how it is asked. */
export interface CoordinatorClientOptions {
  host: string;
  port: number;
  token?: string | undefined;
  /** What to trust and to show; with it the coordinator is reached by TLS. */
  tls?: TlsOptions | undefined;
  /** For an answer; default 10,000. */
  timeoutMs?: number | undefined;
}

/** What a coordinator says of itself. */
export type CoordinatorStatus = Record<string, unknown>;

const LOOK_EVERY_MS = 50;
/** So long one that is told to stop may take to be gone. */
const GONE_MS = 60_000;

/** Asks a running coordinator, and changes its workers. A refusal is thrown as the coordinator told it. */
export class CoordinatorClient implements Disposable {
  readonly #options: CoordinatorClientOptions;
  readonly #http: HttpClient;

  constructor(options: CoordinatorClientOptions) {
    this.#options = options;
    this.#http = new HttpClient({ tls: options.tls });
  }

  /** Rejects with a NetworkError where nobody listens. */
  status(): Promise<CoordinatorStatus> {
    return this.#ask("GET", "/status");
  }

  /** A worker by address, or more of them on the coordinator's machine; `added` are their names. */
  add(request: AddRequest): Promise<CoordinatorStatus> {
    return this.#ask("POST", "/workers", request);
  }

  /** The worker finishes its episode, and gets no more tasks. */
  drain(id: string): Promise<CoordinatorStatus> {
    return this.#ask("POST", `/workers/${encodeURIComponent(id)}/drain`);
  }

  /** The worker finishes its episode, and is let go of. */
  remove(id: string): Promise<CoordinatorStatus> {
    return this.#ask("DELETE", `/workers/${encodeURIComponent(id)}`);
  }

  /** The state is saved, and the coordinator ends; resolves when nobody listens there any more. */
  async stop(): Promise<CoordinatorStatus> {
    const status = await this.#ask("POST", "/stop");
    const deadline = performance.now() + GONE_MS;
    while (performance.now() < deadline && (await this.#isThere(status["boot"]))) {
      await delay(LOOK_EVERY_MS);
    }
    return { ...status, state: "stopped" };
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  /** The same run of the program; another one may listen there already. */
  async #isThere(boot: unknown): Promise<boolean> {
    try {
      return (await this.status())["boot"] === boot;
    } catch (thrown) {
      return !(thrown instanceof NetworkError) || thrown.code === "network.timeout";
    }
  }

  async #ask(
    method: "GET" | "POST" | "DELETE",
    path: string,
    value?: unknown,
  ): Promise<CoordinatorStatus> {
    const { host, port, tls, token, timeoutMs = 10_000 } = this.#options;
    const url = `${urlOf(host, port, tls)}${path}`;
    const answer = (await requestJson(this.#http, { method, url, token, value, timeoutMs })) as
      | CoordinatorStatus
      | undefined;
    if (answer?.["role"] === "coordinator") return answer;
    throw new NetworkError("network.protocol", `Cannot use ${url}: no coordinator listens there`, {
      hint: "Check host and port; `ding coordinator` says in its ready line where it listens.",
    });
  }
}
