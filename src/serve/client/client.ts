import { LONGEST_TIMER_MS } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import { newId } from "../../core/id.ts";
import { msgpack } from "../../protocol/codec.ts";
import { encodeBody } from "../../rpc/body.ts";
import type { Body } from "../../rpc/message.ts";
import type { ModelFacts } from "../inference.ts";
import { digestOf } from "../native/digest.ts";
import { NATIVE_METHODS, type AskMeta, type NativeHello } from "../native/session-protocol.ts";
import { VERSION } from "../../core/version.ts";
import { Answers } from "./answers.ts";
import { askedModel } from "./asked-model.ts";
import { Ask, type AskEvents, type AskInit } from "./ask.ts";
import { encodeAsync, type EncodeAsyncOptions, type ItemSource } from "./encode-async.ts";
import { Fleet } from "./fleet.ts";
import { checkLengthOf } from "./length.ts";
import type { Line } from "./line.ts";
import { Listening, type ListenOptions } from "./listening.ts";
import { checkNumber, clientSettings, type ClientOptions, type ClientSettings } from "./options.ts";
import { arrange, failure, success, type FetchAllOptions, type Response } from "./response.ts";
import { readStream, STREAM_CREDIT } from "./streaming.ts";
import { clientStatus, type ClientStatus } from "./status.ts";

/** How one item is asked for. */
export interface EncodeOptions {
  /** False: gives the request's id, and keeps the answer for `fetch` and `fetchAll`. Default true. */
  blocking?: boolean;
  /** In place of the client's. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** A name of your own: the same item under the same name is not run twice while the server remembers it. */
  requestId?: string | undefined;
  priority?: number | undefined;
  /** For the plugin of a stream. */
  parameters?: Record<string, unknown> | undefined;
}

const ITEM = { what: "item", code: "usage.invalid-input" } as const;

/**
 * Asks servers of `ding serve`. Nothing is dialled before the first request;
 * a connection that breaks is taken up again, a request that was lost is asked
 * again under the same name. Any number of requests may be under way. Close it.
 */
export class Client implements AsyncDisposable {
  /** Clients of one identity may hear each other's answers. */
  readonly identity: string;
  /** May others of the same identity hear the answers to this client? */
  readonly broadcast: boolean;
  readonly #settings: ClientSettings;
  readonly #hello: NativeHello;
  readonly #fleet: Fleet;
  readonly #listenings = new Set<Fleet>();
  readonly #answers = new Answers();
  #requests = 0;
  #responses = 0;

  constructor(options: ClientOptions = {}) {
    this.#settings = clientSettings(options);
    const { identity, broadcast } = this.#settings;
    this.identity = identity;
    this.broadcast = broadcast;
    this.#hello = { identity, broadcast, instance: newId(), version: VERSION };
    this.#fleet = new Fleet(this.#settings, this.#hello);
  }

  /** What the client knows of itself, without asking anybody. */
  get status(): ClientStatus {
    return clientStatus(this.#settings, {
      lines: this.#lines(),
      requests: this.#requests,
      responses: this.#responses,
      pending: this.#answers.pending,
      ready: this.#answers.ready,
    });
  }

  /** Resolves when a server is reached; rejects with a NetworkError within the connect timeout. No request needs it. */
  connect(): Promise<void> {
    return this.#fleet.connect();
  }

  /** One item through the model. Rejects with a DingError; with the signal's reason when that aborts. */
  encode<T = unknown>(data: unknown, options?: EncodeOptions & { blocking?: true }): Promise<T>;
  /** Sends it and resolves with its id when it is out, or has failed; `fetch` and `fetchAll` give the answer. */
  encode(data: unknown, options: EncodeOptions & { blocking: false }): Promise<string>;
  async encode(data: unknown, options: EncodeOptions = {}): Promise<unknown> {
    if (options.blocking === false) return this.#encodeLater(data, options);
    const init = this.#init(NATIVE_METHODS.INFER, data, options);
    if (this.#settings.checkLength) await this.#checkLength(data);
    return this.#ask(init);
  }

  /** The answers to non-blocking requests in the order in which they come, until none is left to come. */
  async *fetch(): AsyncGenerator<Response, void, undefined> {
    for (let next = await this.#answers.next(); next; next = await this.#answers.next()) {
      yield next.response;
    }
  }

  /** The answers to all non-blocking requests. When one has failed it throws, and all are there for `fetch` still. */
  fetchAll(options: FetchAllOptions & { returnId: true }): Promise<Response[]>;
  fetchAll<T = unknown>(options: FetchAllOptions & { concat: true }): Promise<T>;
  fetchAll<T = unknown>(options?: FetchAllOptions): Promise<T[]>;
  async fetchAll(options: FetchAllOptions = {}): Promise<unknown> {
    const collected = [];
    for (let next = await this.#answers.next(); next; next = await this.#answers.next()) {
      collected.push(next);
    }
    try {
      return arrange(collected, options);
    } catch (thrown) {
      this.#answers.giveBack(collected);
      throw thrown;
    }
  }

  /** Sends what a generator gives while answers come in; see `encodeAsync`. */
  encodeAsync<T>(
    source: ItemSource<T>,
    options: EncodeAsyncOptions = {},
  ): AsyncGenerator<Response, void, undefined> {
    const { maxNumBatch, window = 64, timeoutMs } = options;
    checkNumber(window, "window", { from: 1, to: 1_000_000 });
    if (maxNumBatch !== undefined) {
      checkNumber(maxNumBatch, "maxNumBatch", { from: 0, to: Number.MAX_SAFE_INTEGER });
    }
    return encodeAsync(
      source,
      (item, signal) => this.#respond(item, { signal, timeoutMs }),
      options,
    );
  }

  /** The pieces of a model's answer as they come; leaving the loop cancels the rest. */
  async *stream<T = unknown>(
    data: unknown,
    options: Omit<EncodeOptions, "blocking"> = {},
  ): AsyncGenerator<T, void, undefined> {
    const init = this.#init(NATIVE_METHODS.STREAM, data, options);
    if (this.#settings.checkLength) await this.#checkLength(data);
    const meta = { ...init.meta, credit: STREAM_CREDIT };
    const pieces = readStream({ ...init, meta }, (ask) => this.#fleet.submit(ask));
    yield* pieces as AsyncGenerator<T, void, undefined>;
  }

  /** The answers to all clients of this identity, from now on. It has a connection of its own: what others ask for must not make it slow. */
  listen(options: ListenOptions = {}): Listening {
    const fleet = new Fleet({ ...this.#settings, ownConnection: true }, this.#hello);
    this.#listenings.add(fleet);
    if (this.#fleet.isClosed) fleet[Symbol.dispose]();
    return new Listening(fleet, options, () => void this.#listenings.delete(fleet));
  }

  /** What a server says of itself. */
  async serverStatus(
    options: Pick<EncodeOptions, "timeoutMs" | "signal"> = {},
  ): Promise<Record<string, unknown>> {
    const init = this.#init(NATIVE_METHODS.STATUS, undefined, options);
    return (await this.#ask(init)) as Record<string, unknown>;
  }

  /** The models of the server that is asked first, as it told when it was reached; connects if need be. */
  async models(): Promise<readonly ModelFacts[]> {
    await this.#fleet.connect();
    return this.#fleet.lines.find(({ welcome }) => welcome)?.welcome?.models ?? [];
  }

  /** Cancels what is under way and says goodbye. Twice is once. */
  async close(): Promise<void> {
    this.#fleet[Symbol.dispose]();
    for (const fleet of this.#listenings) fleet[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Makes a request; throws what is wrong with its item. */
  #init(method: string, data: unknown, options: EncodeOptions): AskInit {
    const { clock, model, version } = this.#settings;
    const { timeoutMs = this.#settings.timeoutMs, signal, requestId, parameters } = options;
    checkNumber(timeoutMs, "timeoutMs", { from: 1, to: LONGEST_TIMER_MS });
    signal?.throwIfAborted();
    const body = method === NATIVE_METHODS.STATUS ? undefined : encodeBody(data, ITEM);
    this.#requests += 1;
    const meta: AskMeta = { id: requestId ?? String(this.#requests) };
    if (requestId !== undefined) meta.digest = digestOf(body ?? new Uint8Array());
    if (model !== undefined) meta.model = model;
    if (version !== undefined) meta.version = version;
    const priority = options.priority ?? this.#settings.priority;
    if (priority !== undefined) meta.priority = priority;
    if (parameters !== undefined) meta.parameters = parameters;
    return { method, meta, body, timeoutMs, signal, clock };
  }

  /** One to each server: that of a listening, where nobody has asked yet. */
  #lines(): readonly Line[] {
    const [listening] = this.#listenings;
    return this.#fleet.lines.map((line, at) =>
      line.state === "idle" ? (listening?.lines[at] ?? line) : line,
    );
  }

  #ask(init: AskInit, sent?: () => void): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    const { id } = init.meta;
    this.#fleet.submit(new Ask(init, this.#eventsOf(id, answer, sent)));
    return answer.promise;
  }

  /** A function of its own: what hears of an end must not hold the item. */
  #eventsOf(
    id: string,
    { resolve, reject }: Pick<PromiseWithResolvers<unknown>, "resolve" | "reject">,
    sent?: () => void,
  ): AskEvents {
    return {
      reply: (body) => {
        this.#responses += 1;
        try {
          resolve(decode(body));
        } catch (cause) {
          const told = `Cannot read result of request "${id}": ${messageOf(cause)}`;
          reject(new DingError("task.invalid-result", told, { cause }));
        }
      },
      fail: (error) => {
        this.#responses += 1;
        reject(error);
      },
      ...(sent && { sent }),
    };
  }

  /** The answer is kept; what this resolves with says that the request has left, or has ended. */
  #encodeLater(data: unknown, options: EncodeOptions): Promise<string> {
    const init = this.#init(NATIVE_METHODS.INFER, data, options);
    const { id } = init.meta;
    const answered = this.#answers.expect(this.#requests);
    const left = Promise.withResolvers<string>();
    const checked = this.#settings.checkLength ? this.#checkLength(data) : undefined;
    const asking = checked
      ? checked.then(() => this.#ask(init, () => left.resolve(id)))
      : this.#ask(init, () => left.resolve(id));
    void asking.then(
      (result) => answered(success(id, result)),
      (thrown: unknown) => {
        left.resolve(id);
        answered(failure(id, thrown, options.signal));
      },
    );
    return left.promise;
  }

  async #respond(item: unknown, options: EncodeOptions): Promise<Response> {
    let id = "";
    try {
      const init = this.#init(NATIVE_METHODS.INFER, item, options);
      id = init.meta.id;
      if (this.#settings.checkLength) await this.#checkLength(item);
      return success(id, await this.#ask(init));
    } catch (thrown) {
      return failure(id, thrown, options.signal);
    }
  }

  async #checkLength(item: unknown): Promise<void> {
    if (this.#settings.ignoreAllChecks) return;
    checkLengthOf(item, askedModel(await this.models(), this.#settings));
  }
}

function decode(body: Body): unknown {
  return body ? msgpack.decode(body) : undefined;
}
