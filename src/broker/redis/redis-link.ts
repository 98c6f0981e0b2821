import { isIP } from "node:net";
import type { Redis } from "ioredis";
import type { Clock } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { backoffMs } from "../../core/retry.ts";
import { abortable, delay, within } from "../../core/wait.ts";
import type { ServerAddress } from "../server-url.ts";
import { isPassing, redisFault } from "./redis-fault.ts";

/** Where, and as what. */
export interface RedisAddress extends ServerAddress {
  db: number;
  isTls: boolean;
}

export interface RedisLinkOptions {
  clock: Clock;
  log: Logger;
  /** What it is for, in its log; default "queue". */
  thing?: string;
  /** Runs on each new connection before anybody else uses it; a rejection is one of the connection. */
  onUp?: (redis: Redis) => unknown;
  /** Called when a connection has ended. */
  onDown?: () => void;
  /** It lets the server wait before it answers, so that silence says nothing. */
  isWaiting?: boolean;
}

const CONNECT_MS = 5_000;
/** A server that does not answer for so long is gone, whatever its socket says. */
const SILENCE_MS = 15_000;
const BEAT_MS = 5_000;
const AGAIN = { minMs: 50, maxMs: 5_000, jitter: 0.5 };
const PASSING = { minMs: 20, maxMs: 1_000, jitter: 0.5 };

/**
 * A connection to Redis that comes back for ever. What was under way when it broke is sent again by `run`, which
 * therefore must be harmless twice. Ended by its disposal.
 */
export class RedisLink implements AsyncDisposable {
  readonly #address: RedisAddress;
  readonly #options: RedisLinkOptions;
  readonly #stop = new AbortController();
  readonly #hurry = new AbortController();
  #redis: Redis | undefined;
  #up = Promise.withResolvers<Redis>();
  #fault: DingError | undefined;
  #beat: Disposable | undefined;
  #sends: (() => void)[] = [];
  #keeping: Promise<void> | undefined;

  constructor(address: RedisAddress, options: RedisLinkOptions) {
    this.#address = address;
    this.#options = options;
    this.#up.promise.catch(() => {}); // nobody may wait when it ends
  }

  /** Connects once; rejects if that fails. */
  async open(): Promise<void> {
    const redis = await this.#connect();
    this.#keeping = this.#keep(redis);
  }

  /** Does not wait for the first connection, and comes back for ever from the start. */
  start(): void {
    this.#keeping ??= this.#keep(undefined);
  }

  /** Sends again, over new connections too, until `patienceMs` are over; rejects then with what was in the way. */
  async run<T>(send: (redis: Redis) => Promise<T>, verb: string, patienceMs: number): Promise<T> {
    const untilMs = performance.now() + patienceMs;
    for (let tries = 1; ; tries++) {
      const redis = this.#redis ?? (await this.#wait(verb, untilMs));
      try {
        const sent = send(redis);
        return await (this.#options.isWaiting ? within(sent, patienceMs + SILENCE_MS, "it") : sent);
      } catch (error) {
        const fault = redisFault(error, verb, this.#address.shown);
        if (DingError.from(error).code === "wait.timeout") redis.disconnect();
        if (!isPassing(error) || this.#isOver || performance.now() >= untilMs) throw fault;
        this.#fault = fault;
        if (messageOf(error).startsWith("READONLY")) redis.disconnect(); // its role has changed: ask who has it now
        if (this.#redis === redis) await this.#pause(tries);
      }
    }
  }

  /** What is sent at the end of this turn of the event loop leaves in one piece: each is a wake-up of the server. */
  readonly later = (send: () => void): void => {
    this.#sends.push(send);
    if (this.#sends.length === 1) setImmediate(() => this.#sendAll());
  };

  /** From now on nobody waits for a server that is away. */
  hurry(): void {
    this.#hurry.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DingError("service.stopping", "Cannot wait: the queue is closed"));
    this.#up.reject(this.#stop.signal.reason);
    this.#redis?.disconnect();
    await this.#keeping;
  }

  async #wait(verb: string, untilMs: number): Promise<Redis> {
    const leftMs = Math.max(0, untilMs - performance.now());
    // Who is refused is not let in by waiting.
    if (this.#fault && !this.#fault.retryable) throw this.#fault;
    try {
      return await within(abortable(this.#up.promise, this.#hurry.signal), leftMs, "the server");
    } catch (error) {
      if (this.#stop.signal.aborted) throw error;
      const { shown } = this.#address;
      throw this.#fault ?? redisFault(new Error("the connection is lost"), verb, shown);
    }
  }

  #sendAll(): void {
    const sends = this.#sends;
    this.#sends = [];
    const stream = this.#redis?.stream;
    stream?.cork();
    try {
      for (const send of sends) send();
    } finally {
      stream?.uncork();
    }
  }

  get #isOver(): boolean {
    return this.#stop.signal.aborted || (this.#hurry.signal.aborted && !this.#redis);
  }

  async #pause(tries: number): Promise<void> {
    await delay(backoffMs(PASSING, tries), this.#stop.signal).catch(() => {}); // the next try sees that
  }

  /** Until it is stopped: waits for the end of a connection, and makes the next. */
  async #keep(first: Redis | undefined): Promise<void> {
    let redis = first;
    for (let failures = 0; !this.#stop.signal.aborted;) {
      try {
        redis ??= await this.#connect();
        if (failures > 0)
          this.#options.log.info(`Connected to the ${this.#thing} again`, this.#where);
        failures = 0;
        await this.#use(redis);
      } catch (error) {
        this.#fault = redisFault(error, "reach", this.#address.shown);
        // Who is refused is not let in by waiting.
        if (!this.#fault.retryable) this.#renew(() => this.#up.reject(this.#fault));
      }
      redis = undefined;
      if (this.#stop.signal.aborted) return;
      const waitMs = failures === 0 ? 0 : backoffMs(AGAIN, failures);
      if (failures++ === 1)
        this.#options.log.warn(`Lost the ${this.#thing}, trying again`, this.#facts());
      await delay(waitMs, this.#stop.signal).catch(() => {}); // the loop sees it
    }
  }

  #facts(): Record<string, unknown> {
    // What was in the way speaks of queues, for which the link is made.
    return {
      ...this.#where,
      reason: this.#fault?.message.replace(' queue "', ` ${this.#thing} "`),
    };
  }

  get #where(): Record<string, unknown> {
    return { [this.#thing]: this.#address.shown };
  }

  get #thing(): string {
    return this.#options.thing ?? "queue";
  }

  /** Resolves when the connection has ended. */
  async #use(redis: Redis): Promise<void> {
    const ended = new Promise<void>((resolve) => redis.once("end", () => resolve()));
    if (redis.status === "end") return;
    this.#redis = redis;
    this.#fault = undefined;
    this.#up.resolve(redis);
    if (this.#stop.signal.aborted) redis.disconnect();
    this.#watch(redis, performance.now());
    await ended;
    this.#beat?.[Symbol.dispose]();
    this.#redis = undefined;
    if (this.#stop.signal.aborted) return;
    this.#renew();
    this.#options.onDown?.();
  }

  /** From now on others are waited for. */
  #renew(before?: () => void): void {
    before?.();
    this.#up = Promise.withResolvers();
    this.#up.promise.catch(() => {});
  }

  /** A cut network does not tell: a server that hears is asked now and then. */
  #watch(redis: Redis, heardMs: number): void {
    if (this.#options.isWaiting) return;
    let lastMs = heardMs;
    const beat = (): void => {
      if (performance.now() - lastMs > SILENCE_MS) return redis.disconnect();
      redis.ping().then(
        () => (lastMs = performance.now()),
        () => {}, // its end is what counts
      );
      this.#beat = this.#options.clock.after(BEAT_MS, beat);
    };
    this.#beat = this.#options.clock.after(BEAT_MS, beat);
  }

  async #connect(): Promise<Redis> {
    const { host, port, username, password, db, isTls, shown } = this.#address;
    // Only who has such a queue loads its client.
    const { Redis } = await import("ioredis");
    const redis = new Redis({
      host,
      port,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      // An address is no name that TLS could ask for; it is checked against the certificate all the same.
      ...(isTls ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
      protocol: 2,
      lazyConnect: true,
      connectTimeout: CONNECT_MS,
      retryStrategy: null, // the link comes back itself: with a new one, that has nothing half done
      enableOfflineQueue: false,
      autoResubscribe: false,
      connectionName: "ding",
      disableClientInfo: true,
      disconnectTimeout: 20, // nothing is on its way any more
    });
    let heard: unknown;
    redis.on("error", (error) => (heard = error));
    const leave = (): void => redis.disconnect();
    this.#stop.signal.addEventListener("abort", leave, { once: true });
    try {
      await within(redis.connect(), CONNECT_MS, "the server's answer");
      // The client would not say that there is no such database, and use another.
      if (db !== 0) await within(redis.select(db), CONNECT_MS, "the server's answer");
      await this.#options.onUp?.(redis);
      return redis;
    } catch (error) {
      redis.disconnect();
      if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
      throw redisFault(heard ?? error, "open", shown);
    } finally {
      this.#stop.signal.removeEventListener("abort", leave);
    }
  }
}
