import { Agent as HttpAgent, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { definedOf } from "../core/defined.ts";
import { DingError } from "../core/errors.ts";
import { BODY_LIMIT_BYTES } from "../protocol/limits.ts";
import { Exchange, type HttpAnswer } from "./exchange.ts";
import type { TlsOptions } from "./tls.ts";

export type { HttpAnswer } from "./exchange.ts";

const TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** One request. */
export interface HttpRequest {
  method: string;
  url: string | URL;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Goes out with its length, whatever the method. */
  body?: Uint8Array | undefined;
  /** For all of it, from looking up the name to the last byte; default 30,000. */
  timeoutMs?: number | undefined;
  /** Until the connection stands; default 5,000. */
  connectTimeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** The longest answer that is read; default 64 MiB. */
  limitBytes?: number | undefined;
}

/**
 * Sends HTTP requests and keeps connections for the next; disposing cuts them
 * all. Any answer is a result, whatever its status; a failure of the network is
 * a `NetworkError`, an abort the signal's reason. Nothing is tried twice: only
 * the caller knows whether that is safe.
 */
export class HttpClient implements Disposable {
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;
  readonly #open = new Set<Exchange>();
  #isDisposed = false;

  constructor({ tls = {} }: { tls?: TlsOptions | undefined } = {}) {
    this.#https = new HttpsAgent({ keepAlive: true, ...definedOf(tls) });
  }

  /** The answer to a request. */
  async request({
    method,
    url: target,
    headers = {},
    body,
    timeoutMs = TIMEOUT_MS,
    connectTimeoutMs = CONNECT_TIMEOUT_MS,
    signal,
    limitBytes = BODY_LIMIT_BYTES,
  }: HttpRequest): Promise<HttpAnswer> {
    if (this.#isDisposed) throw disposed();
    signal?.throwIfAborted();
    const url = parseUrl(target);
    const hasLength = body !== undefined || !["GET", "HEAD"].includes(method);
    const length = hasLength ? { "Content-Length": String(body?.length ?? 0) } : {};
    const options = { method, headers: { ...headers, ...length } };
    const request =
      url.protocol === "https:"
        ? requestHttps(url, { ...options, agent: this.#https })
        : requestHttp(url, { ...options, agent: this.#http });
    const limits = { timeoutMs, connectTimeoutMs, limitBytes, signal };
    const exchange = new Exchange(request, { method, url }, limits);
    this.#open.add(exchange);
    request.end(body);
    try {
      return await exchange.answer;
    } finally {
      this.#open.delete(exchange);
    }
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const exchange of this.#open) exchange.cut(disposed());
    this.#http.destroy();
    this.#https.destroy();
  }
}

function disposed(): DingError {
  return new DingError("service.stopping", "Cannot send request: the client is closed");
}

function parseUrl(target: string | URL): URL {
  const url = URL.parse(target);
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new DingError("usage.invalid-input", `Cannot send request to "${String(target)}"`, {
    hint: "Expected http://HOST:PORT/PATH or https://HOST:PORT/PATH.",
  });
}
