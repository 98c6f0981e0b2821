import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { NetworkError } from "../core/errors.ts";
import { clientError, callName, type RequestName } from "./client-error.ts";

/** A whole answer, whatever its status. */
export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Uint8Array;
}

/** What bounds an exchange. */
export interface ExchangeLimits {
  timeoutMs: number;
  connectTimeoutMs: number;
  limitBytes: number;
  signal: AbortSignal | undefined;
}

/** One request under way, until its answer is whole or it has failed; then nothing of it is left. */
export class Exchange {
  readonly answer: Promise<HttpAnswer>;
  readonly #request: ClientRequest;
  readonly #name: RequestName;
  readonly #limits: ExchangeLimits;
  readonly #outcome = Promise.withResolvers<HttpAnswer>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #onAbort = (): void => this.cut(this.#limits.signal?.reason as Error);
  #isConnected = false;
  #hasAnswer = false;

  /** Listens to a request that has just been made; the caller then sends it. */
  constructor(request: ClientRequest, name: RequestName, limits: ExchangeLimits) {
    this.#request = request;
    this.#name = name;
    this.#limits = limits;
    this.answer = this.#outcome.promise.finally(() => this.#release());
    const { timeoutMs, connectTimeoutMs, signal } = limits;
    this.#cutAfter(timeoutMs, `get answer of ${callName(name)}`);
    this.#cutAfter(connectTimeoutMs, `reach ${name.url.origin}`, () => this.#isConnected);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    request.on("socket", (socket) => {
      const event = name.url.protocol === "https:" ? "secureConnect" : "connect";
      if (socket.connecting) socket.once(event, () => (this.#isConnected = true));
      else this.#isConnected = true; // kept alive from an earlier request
    });
    request.on("response", (response) => this.#read(response));
    request.on("error", (error) => {
      // Once the answer has begun, it tells what became of it.
      if (!this.#hasAnswer) this.#fail(error);
    });
  }

  /** Ends it now; the answer rejects with this error. */
  cut(error: Error): void {
    this.#outcome.reject(error);
    // Without the error: a socket that the agent has back already would throw it at nobody.
    this.#request.destroy();
  }

  #read(response: IncomingMessage): void {
    this.#hasAnswer = true;
    const { limitBytes } = this.#limits;
    const chunks: Uint8Array[] = [];
    let length = 0;
    response.on("data", (chunk: Uint8Array) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limitBytes) this.cut(this.#tooLong());
    });
    response.on("error", (error) => this.#fail(error));
    response.on("end", () => {
      const { statusCode: status = 0, headers } = response;
      this.#outcome.resolve({ status, headers, body: joined(chunks, length) });
    });
    response.on("close", () => {
      if (!response.complete) this.#fail({ code: "ECONNRESET" });
    });
  }

  #fail(thrown: unknown): void {
    this.cut(clientError(thrown, this.#name, this.#isConnected));
  }

  #cutAfter(ms: number, what: string, isOver: () => boolean = () => false): void {
    const run = (): void => {
      if (isOver()) return;
      this.cut(new NetworkError("network.timeout", `Cannot ${what}: no answer within ${ms} ms`));
    };
    this.#timers.push(setTimeout(run, ms));
  }

  #tooLong(): NetworkError {
    const why = `it is longer than ${this.#limits.limitBytes} bytes`;
    const message = `Cannot read answer of ${callName(this.#name)}: ${why}`;
    return new NetworkError("network.protocol", message);
  }

  #release(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#limits.signal?.removeEventListener("abort", this.#onAbort);
  }
}

function joined(chunks: Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
