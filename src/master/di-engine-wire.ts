import type { Clock } from "../core/clock.ts";
import { DingError, NetworkError } from "../core/errors.ts";
import { randomToken } from "../core/id.ts";
import { HttpClient } from "../http/client.ts";
import { readEnvelope } from "../protocol/envelope.ts";
import { encodePythonJson } from "../protocol/python-json.ts";
import { slaveExceptionFrom } from "../protocol/slave-exceptions.ts";
import { urlOf } from "../runtime/url.ts";
import type { ClientTls } from "../runtime/web-socket.ts";
import type { Callbacks, CallbackTarget } from "./callbacks.ts";
import type { OnWireEnded, SlaveResponse, Wire, WireEvents, WireTask } from "./wire.ts";

/** How a slave of the HTTP dialect is spoken to. */
export interface DiEngineWireOptions {
  channel: number;
  data: unknown;
  toleranceMs: number;
  connectTimeoutMs: number;
  slaveTls: ClientTls | undefined;
  http: HttpClient;
  callbacks: Callbacks;
  /** How the slave reaches this master. */
  address: string;
  clock: Clock;
  signal?: AbortSignal | undefined;
  onEnded: OnWireEnded;
}

/** A hook of the slave may take its time before it answers. */
const ANSWER_TIMEOUT_MS = 30_000;
const FAREWELL_TIMEOUT_MS = 800;

/** Connects to a slave that speaks plain HTTP, a Python one for example, and expects its heartbeats and results. */
export async function openDiEngineWire(
  place: { host: string; port: number },
  options: DiEngineWireOptions,
): Promise<Wire> {
  const wire = new DiEngineWire(place, options);
  await wire.open();
  return wire;
}

class DiEngineWire implements Wire, CallbackTarget {
  readonly facts = undefined;
  readonly #options: DiEngineWireOptions;
  readonly #base: string;
  readonly #token = randomToken();
  readonly #tasks = new Map<string, WireEvents>();
  /** Ended tasks whose result may come again. */
  readonly #ended = new Set<string>();
  #response: SlaveResponse | undefined;
  #heardAt: number;
  #watch: Disposable | undefined;
  #isEnded = false;

  constructor({ host, port }: { host: string; port: number }, options: DiEngineWireOptions) {
    this.#options = options;
    this.#base = urlOf(host, port, options.slaveTls);
    this.#heardAt = options.clock.now();
  }

  get response(): SlaveResponse {
    if (!this.#response) throw new DingError("internal.bug", "The wire is not open");
    return this.#response;
  }

  async open(): Promise<void> {
    const { callbacks, address, data, signal } = this.#options;
    // Before the request: the slave's first heartbeat may overtake its own answer.
    signal?.throwIfAborted();
    callbacks.add(this.#token, this);
    try {
      this.#response = await this.#request(
        "POST",
        "/connect",
        { master: { address }, data },
        signal,
      );
    } catch (thrown) {
      callbacks.remove(this.#token);
      if (signal?.aborted || mayHaveArrived(thrown)) void this.#farewell();
      throw thrown;
    }
    this.#heardAt = this.#options.clock.now();
    this.#scheduleWatch();
  }

  send(task: WireTask, events: WireEvents): () => void {
    const { id, data } = task;
    this.#tasks.set(id, events);
    this.#request("POST", "/task/new", { task: { id }, data }).then(
      () => this.#tasks.get(id)?.accepted(),
      (thrown: unknown) => this.#onStartFailure(id, thrown),
    );
    return () =>
      this.#take(id)?.failed(
        new DingError("task.cancelled", "The task was cancelled; its slave goes on with it"),
        undefined,
      );
  }

  async disconnect(data: unknown): Promise<SlaveResponse> {
    const response = await this.#request("DELETE", "/disconnect", { data });
    this.#leave();
    return response;
  }

  abandon(): void {
    if (this.#isEnded) return;
    this.#leave();
    void this.#farewell();
  }

  #leave(): void {
    this.#finish();
    const error = new DingError("task.cancelled", "The connection was closed");
    for (const events of this.#takeAll()) events.failed(error, undefined);
  }

  onHeartbeat(): void {
    this.#heardAt = this.#options.clock.now();
  }

  /** True when the task is, or was, one of this slave's. */
  onResult(path: "complete" | "fail", id: string, result: unknown): boolean {
    this.onHeartbeat();
    const events = this.#take(id);
    if (!events) return this.#ended.has(id);
    if (path === "complete") events.completed(result);
    else events.failed(new DingError("task.failed", messageIn(result)), result);
    return true;
  }

  /** Nobody listens: surely not delivered. Anything else: nobody knows whether it runs. */
  #onStartFailure(id: string, thrown: unknown): void {
    const events = this.#take(id);
    if (!events) return;
    if (!(thrown instanceof NetworkError)) return events.refused(thrown as Error);
    if (thrown.code === "network.refused") {
      events.lost(thrown);
      this.#lose(thrown);
    } else {
      events.lost(thrown);
    }
  }

  #scheduleWatch(): void {
    const { clock, toleranceMs } = this.#options;
    const everyMs = Math.max(10, toleranceMs / 10);
    const dueAt = clock.now() + everyMs;
    this.#watch = clock.after(everyMs, () => {
      if (this.#isEnded) return;
      // It was this process that slept: what the slave said meanwhile is not read yet.
      if (clock.now() - dueAt > toleranceMs / 2) this.#heardAt = clock.now();
      if (clock.now() - this.#heardAt <= toleranceMs) return this.#scheduleWatch();
      this.#lose(new NetworkError("network.timeout", `No heartbeat for ${toleranceMs} ms`));
    });
  }

  #lose(error: DingError): void {
    if (this.#isEnded) return;
    this.#finish();
    for (const events of this.#takeAll()) events.lost(error);
    this.#options.onEnded(error);
  }

  /** A slave that was not asked would wait for a master that is gone. With a client of its own: the master's may be closed by now. */
  async #farewell(): Promise<void> {
    using http = new HttpClient({ tls: this.#options.slaveTls });
    try {
      await http.request({
        method: "DELETE",
        url: `${this.#base}/disconnect`,
        headers: { Channel: String(this.#options.channel), Token: this.#token },
        body: encodePythonJson({ data: {} }, "internal.bug"),
        timeoutMs: FAREWELL_TIMEOUT_MS,
      });
    } catch {
      // It is gone, or does not answer: it finds out by itself.
    }
  }

  #finish(): void {
    this.#isEnded = true;
    this.#watch?.[Symbol.dispose]();
    this.#options.callbacks.remove(this.#token);
  }

  #take(id: string): WireEvents | undefined {
    const events = this.#tasks.get(id);
    if (!this.#tasks.delete(id)) return undefined;
    this.#ended.add(id);
    if (this.#ended.size > REMEMBERED) this.#ended.delete(this.#ended.values().next().value ?? "");
    return events;
  }

  #takeAll(): WireEvents[] {
    const all = [...this.#tasks.values()];
    this.#tasks.clear();
    return all;
  }

  async #request(
    method: string,
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<SlaveResponse> {
    const { http, channel, connectTimeoutMs } = this.#options;
    const { status, body: bytes } = await http.request({
      method,
      url: `${this.#base}${path}`,
      headers: { Channel: String(channel), Token: this.#token },
      body: encodePythonJson(body, "task.invalid-data"),
      timeoutMs: ANSWER_TIMEOUT_MS,
      connectTimeoutMs,
      signal,
    });
    const envelope = readEnvelope(status, bytes);
    const response = { status, ...envelope };
    if (status >= 400 || !envelope.success) throw slaveExceptionFrom(response);
    return response;
  }
}

const REMEMBERED = 10_000;

/** Was the request sent, so that the slave may believe itself connected? */
function mayHaveArrived(thrown: unknown): boolean {
  return (
    thrown instanceof NetworkError &&
    !["network.refused", "network.unreachable"].includes(thrown.code)
  );
}

function messageIn(result: unknown): string {
  const { message } = (result ?? {}) as { message?: unknown };
  return typeof message === "string" ? message : "The slave reports that the task failed";
}
