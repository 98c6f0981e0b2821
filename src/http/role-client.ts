import { DingError, NetworkError } from "../core/errors.ts";
import { delay } from "../core/wait.ts";
import { urlOf } from "../runtime/url.ts";
import { HttpClient } from "./client.ts";
import { requestJson } from "./json-client.ts";
import type { TlsOptions } from "./tls.ts";

/** Where a running role is, and how it is asked. */
export interface RoleAddress {
  host: string;
  port: number;
  token?: string | undefined;
  /** What to trust and to show; with it the role is reached by TLS. */
  tls?: TlsOptions | undefined;
  /** Ends what is under way. */
  signal?: AbortSignal | undefined;
}

/** What a role says of itself. */
export type RoleStatus = Record<string, unknown>;

/** What is asked; `value` becomes the body. */
export interface RoleQuestion {
  method: "GET" | "POST" | "DELETE";
  path: string;
  value?: unknown;
  timeoutMs: number;
}

/** Who must answer: `role` in its status, and what people call it. */
export interface RoleName {
  role: string;
  thing: string;
}

const STATUS_TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 50;

/** Asks one role, and nobody else who may listen there. A refusal is thrown as the role told it. */
export class RoleClient implements Disposable {
  readonly #address: RoleAddress;
  readonly #name: RoleName;
  readonly #http: HttpClient;

  constructor(address: RoleAddress, name: RoleName) {
    this.#address = address;
    this.#name = name;
    this.#http = new HttpClient({ tls: address.tls });
  }

  /** Rejects with a NetworkError where nobody listens, `network.protocol` where somebody else does. */
  async ask({ path, ...question }: RoleQuestion): Promise<RoleStatus> {
    const { host, port, tls, token, signal } = this.#address;
    const url = `${urlOf(host, port, tls)}${path}`;
    const request = { ...question, url, token, signal };
    const answer = (await requestJson(this.#http, request)) as RoleStatus | undefined;
    const { role, thing } = this.#name;
    if (answer?.["role"] === role) return answer;
    throw new NetworkError("network.protocol", `Cannot use ${url}: no ${thing} listens there`, {
      hint: `Check host and port; \`ding ${role}\` says in its ready line where it listens.`,
    });
  }

  /** Rejects with a NetworkError where nobody listens. */
  status(timeoutMs: number = STATUS_TIMEOUT_MS): Promise<RoleStatus> {
    return this.ask({ method: "GET", path: "/status", timeoutMs });
  }

  /** Resolves when the run of the program that gave this status has left its port; `wait.timeout` if it does not. */
  async gone({ boot }: RoleStatus, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (await this.#isThere(boot)) {
      if (performance.now() >= deadline) {
        const state = `it is still there after ${withinMs} ms`;
        throw new DingError("wait.timeout", `Cannot see the ${this.#name.thing} end: ${state}`, {
          hint: "Look into its log; a second SIGTERM ends it at once.",
        });
      }
      await delay(LOOK_EVERY_MS, this.#address.signal);
    }
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  /** Another run may listen there already. */
  async #isThere(boot: unknown): Promise<boolean> {
    try {
      return (await this.status())["boot"] === boot;
    } catch (thrown) {
      // One that is busy with its end may not answer at once.
      return !(thrown instanceof NetworkError) || thrown.code === "network.timeout";
    }
  }
}
