import { DingError, NetworkError } from "../../core/errors.ts";
import { backoffMs } from "../../core/retry.ts";
import { dialLink } from "../../link/websocket.ts";
import { dialSession, type DialledSession, type DialSessionOptions } from "../../rpc/dial.ts";
import type { Body } from "../../rpc/message.ts";
import { Peer } from "../../rpc/peer.ts";
import type { NativeHello, NativeWelcome } from "../native/session-protocol.ts";
import { explainDial } from "./dial-fault.ts";
import type { ClientSettings } from "./options.ts";
import type { ServerAddress } from "./server-address.ts";
import { readWelcome } from "./welcome.ts";

/** Who hears what becomes of a line. */
export interface LineEvents {
  up(line: Line): void;
  /** It was dialled in vain. */
  failed(line: Line): void;
  /** It was up, and the calls under way are lost. */
  down(line: Line): void;
}

/** Who hears of one call; one of the first three, once. */
export interface LineCallEvents {
  reply(body: Body): void;
  fail(error: DingError): void;
  /** The session has ended: nobody knows whether the call was answered. */
  lost(error: DingError): void;
  event?(name: string, body: Body): void;
}

const REDIAL = { minMs: 50, maxMs: 5_000, jitter: 0.3 };

/**
 * The way to one server. A session that breaks is taken up again by itself;
 * when it has ended, somebody must dial anew.
 *
 *   idle ── dial() → dialling → up ── the session ends → idle
 *    ↑                  │        └── close() → closed
 *    └── in vain ───────┘
 */
export class Line implements Disposable {
  readonly name: string;
  /** Calls that are not answered. */
  outstanding = 0;
  /** So many calls may be out: less after the server said that it is full. */
  limit: number;
  /** Nothing is sent before, on the clock of the settings. */
  pausedUntil = -Infinity;
  /** It is not worth dialling before. */
  retryAt = -Infinity;
  /** Why it is not up. */
  error: DingError | undefined;
  readonly #address: ServerAddress;
  readonly #settings: ClientSettings;
  readonly #hello: NativeHello;
  readonly #events: LineEvents;
  readonly #closing = new AbortController();
  #state: "idle" | "dialling" | "up" | "closed" = "idle";
  #session: DialledSession["session"] | undefined;
  #peer: Peer | undefined;
  #welcome: NativeWelcome | undefined;
  #failures = 0;
  #endedWith: DingError | undefined;

  constructor(
    address: ServerAddress,
    settings: ClientSettings,
    { hello, events }: { hello: NativeHello; events: LineEvents },
  ) {
    this.name = address.name;
    this.limit = settings.window;
    this.#address = address;
    this.#settings = settings;
    this.#hello = hello;
    this.#events = events;
  }

  get state(): "idle" | "dialling" | "up" | "closed" {
    return this.#state;
  }

  /** Is it up, and its connection there? */
  get isAttached(): boolean {
    return this.#state === "up" && this.#session?.isAttached === true;
  }

  /** What the server said of itself; undefined before it was reached. */
  get welcome(): NativeWelcome | undefined {
    return this.#welcome;
  }

  /** Dials, if it is idle; events tell the rest. */
  dial(timeoutMs: number): void {
    if (this.#state !== "idle") return;
    this.#state = "dialling";
    void this.#dial(timeoutMs).then(
      () => this.#onUp(),
      (thrown: unknown) => this.#onFailed(DingError.from(thrown)),
    );
  }

  /** Calls the server; gives the number by which the call is cancelled. */
  call(method: string, meta: unknown, body: Body, events: LineCallEvents): number {
    const peer = this.#peer;
    if (!peer) {
      events.lost(this.error ?? new NetworkError("network.closed", `Cannot ask ${this.name}`));
      return 0;
    }
    return peer.call(method, meta, body, {
      reply: (answer) => events.reply(answer),
      fail: (record) => {
        if (this.#endedWith) events.lost(this.#endedWith);
        else events.fail(DingError.fromRecord(record));
      },
      event: (name, piece) => events.event?.(name, piece),
    });
  }

  /** The answer to this call is no longer wanted; it still comes. */
  cancel(call: number): void {
    this.#peer?.cancel(call);
  }

  /** Says goodbye; what is under way is cancelled by the server. */
  [Symbol.dispose](): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#closing.abort(closedError());
    this.#session?.end();
    this.#session = this.#peer = undefined;
  }

  async #dial(timeoutMs: number): Promise<void> {
    const { clock } = this.#settings;
    const late = new AbortController();
    using _limit = clock.after(timeoutMs, () => late.abort(this.#lateError(timeoutMs)));
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    this.#endedWith = undefined;
    let opened: DialledSession;
    try {
      opened = await this.#open(timeoutMs, signal);
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      throw await explainDial(DingError.from(thrown), this.#address, { ...this.#settings, signal });
    }
    try {
      this.#welcome = readWelcome(opened.welcome, this.name, this.#settings);
    } catch (thrown) {
      opened.session.end();
      throw thrown;
    }
    // It may have ended, or this line may have been closed, meanwhile.
    if (this.#endedWith) throw this.#endedWith;
    this.#session = opened.session;
    if (this.#closing.signal.aborted) opened.session.end();
  }

  #open(timeoutMs: number, signal: AbortSignal): Promise<DialledSession> {
    const { clock, heartbeatMs, toleranceMs, token, tls } = this.#settings;
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const options: DialSessionOptions = {
      clock,
      heartbeatMs,
      toleranceMs,
      signal,
      hello: this.#hello,
      connectTimeoutMs: timeoutMs,
      answerTimeoutMs: timeoutMs,
      openLink: (until) =>
        dialLink(this.#address.sessionUrl, { headers, tls, timeoutMs, signal: until }),
    };
    return dialSession(options, (session) => {
      const peer = new Peer(session, { call: (call) => call.fail(NO_CALLS) });
      this.#peer = peer;
      return {
        message: (message) => peer.receive(message),
        ended: (error) => this.#onEnded(peer, error ?? closedError()),
      };
    });
  }

  #onUp(): void {
    if (this.#state === "closed") return;
    this.#state = "up";
    this.#failures = 0;
    this.error = undefined;
    this.limit = this.#settings.window;
    this.pausedUntil = -Infinity;
    this.#events.up(this);
  }

  #onFailed(error: DingError): void {
    if (this.#state === "closed") return;
    this.#state = "idle";
    this.#peer = undefined;
    this.#rest(error);
    this.#events.failed(this);
  }

  #onEnded(peer: Peer, error: DingError): void {
    this.#endedWith = this.#lossError(error);
    const wasUp = this.#state === "up";
    if (wasUp) {
      this.#state = "idle";
      this.#session = undefined;
      this.#rest(this.#endedWith);
      // The server may be there again, or another in its place.
      this.retryAt = -Infinity;
    }
    peer.end(this.#endedWith.toJSON());
    if (this.#peer === peer) this.#peer = undefined;
    if (wasUp) this.#events.down(this);
  }

  #rest(error: DingError): void {
    const { clock } = this.#settings;
    this.error = error;
    this.#failures += 1;
    this.retryAt = clock.now() + backoffMs(REDIAL, this.#failures);
  }

  #lateError(timeoutMs: number): NetworkError {
    const why = `no answer within ${timeoutMs} ms`;
    return new NetworkError("network.timeout", `Cannot reach ${this.name}: ${why}`);
  }

  #lossError(error: DingError): NetworkError {
    return new NetworkError(
      "network.closed",
      `Lost the connection to ${this.name}: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

const NO_CALLS = { code: "network.protocol", message: "A client answers no calls" };

function closedError(): DingError {
  return new DingError("service.stopping", "Cannot go on: the client is closed");
}
