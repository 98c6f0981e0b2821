import type { Msg, MsgHdrs, NatsConnection } from "@nats-io/transport-node";
import { DingError, errorOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { backoffMs } from "../../core/retry.ts";
import { abortable, delay, within } from "../../core/wait.ts";
import { bracketed } from "../../runtime/url.ts";
import type { ServerAddress } from "../server-url.ts";
import { apiFault, isAbsent, natsFault, type ApiFault } from "./nats-fault.ts";

export interface NatsAddress extends ServerAddress {
  isTls: boolean;
  /** How many servers keep each job. */
  replicas: number;
}

/** What a call says beside its subject. */
export interface Call {
  verb: string;
  patienceMs: number;
  data?: Uint8Array | string;
  headers?: Record<string, string>;
}

/** What a link that is no queue's does otherwise. */
export interface NatsLinkMore {
  /** What it is for, in its log. */
  thing?: string;
  /** The server does not give it what it publishes itself. */
  noEcho?: boolean;
  /** The connection broke, or stands again with its subscriptions. */
  onChange?: (state: "up" | "down") => void;
  /** The server has refused something that nobody waits for. */
  onRefused?: (error: Error) => void;
}

const CONNECT_MS = 5_000;
const ANSWER_MS = 5_000;
const BEAT_MS = 5_000;
const AGAIN = { minMs: 50, maxMs: 1_000, jitter: 0.5 };

/**
 * A connection to NATS that comes back for ever. What was under way when it broke is sent again, and must therefore
 * be harmless twice. Ended by its disposal.
 */
export class NatsLink implements AsyncDisposable {
  readonly #address: NatsAddress;
  readonly #log: Logger;
  readonly #more: NatsLinkMore;
  readonly #stop = new AbortController();
  readonly #hurry = new AbortController();
  #makeHeaders: (() => MsgHdrs) | undefined;
  #connection: NatsConnection | undefined;
  /** Aborts when the connection breaks. */
  #session = new AbortController();
  #up = Promise.withResolvers<void>();
  #watching: Promise<void> | undefined;

  constructor(address: NatsAddress, log: Logger, more: NatsLinkMore = {}) {
    this.#address = address;
    this.#log = log;
    this.#more = more;
    this.#up.resolve();
  }

  /** The connection, which may be broken just now. */
  get connection(): NatsConnection {
    if (this.#connection) return this.#connection;
    throw new DingError("state.invalid", `Cannot use queue "${this.#address.shown}": it is closed`);
  }

  /** Aborts when the connection that stands now breaks. */
  get session(): AbortSignal {
    return this.#session.signal;
  }

  /** Connects once; rejects if that fails. */
  async open(): Promise<void> {
    const { host, port, username, password, isTls, shown } = this.#address;
    // Only who has such a queue loads its client.
    const { connect, headers } = await import("@nats-io/transport-node");
    this.#makeHeaders = headers;
    try {
      this.#connection = await connect({
        servers: `${bracketed(host)}:${port}`,
        ...whoOf(username, password),
        ...(isTls ? { tls: {} } : {}),
        name: "ding",
        timeout: CONNECT_MS,
        maxReconnectAttempts: -1,
        ignoreAuthErrorAbort: true, // a server that starts may not know its users yet
        reconnectDelayHandler: () => backoffMs(AGAIN, 6),
        pingInterval: BEAT_MS,
        maxPingOut: 2,
        noEcho: this.#more.noEcho ?? false,
      });
    } catch (error) {
      throw natsFault(error, "open", shown);
    }
    this.#watching = this.#watch(this.#connection);
  }

  /** The largest message that the server takes. */
  get maxBytes(): number {
    return this.connection.info?.max_payload ?? Infinity;
  }

  /** Asks until there is an answer, over new connections too; rejects when `patienceMs` are over. */
  async ask(subject: string, call: Call): Promise<Msg> {
    const { verb, patienceMs, data, headers } = call;
    const options = { timeout: ANSWER_MS, ...(headers ? { headers: this.#headers(headers) } : {}) };
    return await this.run(() => this.connection.request(subject, data, options), {
      verb,
      patienceMs,
    });
  }

  /** Asks JetStream; an error that it answers with is thrown, unless `expects` gives something for it. */
  async api<T>(
    subject: string,
    call: Call,
    expects: (fault: ApiFault) => T | undefined = () => undefined,
  ): Promise<T> {
    const reply = await this.ask(subject, call);
    const answer = reply.json<T & { error?: ApiFault }>();
    if (!answer.error) return answer;
    const expected = expects(answer.error);
    if (expected !== undefined) return expected;
    throw apiFault(answer.error, call.verb, this.#address.shown);
  }

  /** Says something that needs no answer; lost if the connection is broken. */
  tell(subject: string, data: string): void {
    try {
      this.#connection?.publish(subject, data);
    } catch {
      // It is closing: the server finds out by itself.
    }
  }

  /** Tries again over new connections until `patienceMs` are over. */
  async run<T>(
    send: () => Promise<T>,
    { verb, patienceMs }: Pick<Call, "verb" | "patienceMs">,
  ): Promise<T> {
    const untilMs = performance.now() + patienceMs;
    for (let tries = 1; ; tries++) {
      try {
        const leftMs = Math.max(0, untilMs - performance.now());
        await within(abortable(this.#up.promise, this.#hurry.signal), leftMs, "the connection");
        return await abortable(send(), this.session);
      } catch (error) {
        if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
        const fault = natsFault(error, verb, this.#address.shown);
        if (!fault.retryable || this.#isOver || performance.now() >= untilMs) throw fault;
        // It may start, or look for a leader.
        if (isAbsent(error))
          await delay(backoffMs(AGAIN, tries), this.#stop.signal).catch(() => {});
      }
    }
  }

  /** From now on nobody waits for a server that is away. */
  hurry(): void {
    this.#hurry.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DingError("service.stopping", "Cannot wait: the queue is closed"));
    this.hurry();
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
    await this.#watching;
  }

  get #isOver(): boolean {
    return this.#hurry.signal.aborted && this.#session.signal.aborted;
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      const { type } = status;
      const { thing = "queue", onChange } = this.#more;
      const facts = { [thing]: this.#address.shown };
      if (type === "disconnect" && !this.#session.signal.aborted) {
        this.#up = Promise.withResolvers();
        const reason = errorOf("network.closed", "the connection broke");
        this.#session.abort(reason);
        onChange?.("down");
        if (!this.#stop.signal.aborted) this.#log.warn(`Lost the ${thing}, trying again`, facts);
      } else if (type === "reconnect") {
        this.#session = new AbortController();
        this.#up.resolve();
        this.#log.info(`Connected to the ${thing} again`, facts);
        onChange?.("up");
      } else if (status.type === "error") {
        this.#more.onRefused?.(status.error);
      }
    }
  }

  #headers(fields: Record<string, string>): MsgHdrs {
    const headers = this.#makeHeaders?.();
    if (!headers) throw new DingError("state.invalid", "Cannot write headers: not connected");
    for (const [name, value] of Object.entries(fields)) headers.set(name, value);
    return headers;
  }
}

/** A name without a password is a token. */
function whoOf(
  username: string | undefined,
  password: string | undefined,
): { token?: string; user?: string; pass?: string } {
  if (password !== undefined) return { user: username ?? "", pass: password };
  return username === undefined ? {} : { token: username };
}
