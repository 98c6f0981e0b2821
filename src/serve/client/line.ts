import { DingError, NetworkError } from "../../core/errors.ts";
import { backoffMs } from "../../core/retry.ts";
import type { Body } from "../../rpc/message.ts";
import type { NativeHello, NativeWelcome } from "../native/session-protocol.ts";
import { closedError } from "./closed-error.ts";
import type { ClientSettings } from "./options.ts";
import type { ServerAddress } from "./server-address.ts";
import type { LineCallEvents, TrunkMember } from "./trunk-member.ts";
import { joinTrunk } from "./trunks.ts";
import { readWelcome } from "./welcome.ts";

/** Who hears what becomes of a line. */
export interface LineEvents {
  up(line: Line): void;
  /** It was dialled in vain. */
  failed(line: Line): void;
  /** It was up, and the calls under way are lost. */
  down(line: Line): void;
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
  #member: TrunkMember | undefined;
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
    return this.#state === "up" && this.#member?.isAttached === true;
  }

  /** Which client of its connection asks by it: for `AskMeta`. */
  get client(): number | undefined {
    return this.#member?.client;
  }

  /** What the server said of itself; undefined before it was reached. */
  get welcome(): NativeWelcome | undefined {
    return this.#welcome;
  }

  /** Dials, if it is idle; events tell the rest. */
  dial(timeoutMs: number): void {
    if (this.#state !== "idle") return;
    this.#state = "dialling";
    void this.#join(timeoutMs).then(
      (member) => this.#onJoined(member),
      (thrown: unknown) => this.#onFailed(DingError.from(thrown)),
    );
  }

  /** Calls the server; gives the number by which the call is cancelled. */
  call(method: string, meta: unknown, body: Body, events: LineCallEvents): number {
    if (this.#member) return this.#member.call(method, meta, body, events);
    events.lost(this.error ?? new NetworkError("network.closed", `Cannot ask ${this.name}`));
    return 0;
  }

  /** The answer to this call is no longer wanted; it still comes. */
  cancel(call: number): void {
    this.#member?.cancel(call);
  }

  /** Says goodbye; what is under way is cancelled by the server. */
  [Symbol.dispose](): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#closing.abort(closedError());
    const member = this.#member;
    this.#member = undefined;
    member?.leave(closedError());
  }

  async #join(timeoutMs: number): Promise<TrunkMember> {
    const { clock } = this.#settings;
    const late = new AbortController();
    using _limit = clock.after(timeoutMs, () => late.abort(this.#lateError(timeoutMs)));
    this.#endedWith = undefined;
    return await joinTrunk(
      { ...this.#settings, address: this.#address },
      {
        hello: this.#hello,
        timeoutMs,
        isAlone: this.#settings.ownConnection,
        onEnded: (error) => this.#onEnded(error),
        signal: AbortSignal.any([late.signal, this.#closing.signal]),
      },
    );
  }

  #onJoined(member: TrunkMember): void {
    // This line may have been closed meanwhile, or the session may have ended.
    if (this.#state === "closed") return member.leave(closedError());
    if (this.#endedWith) return this.#onFailed(this.#endedWith);
    try {
      this.#welcome = readWelcome(member.welcome, this.name, this.#settings);
    } catch (thrown) {
      member.leave(closedError());
      return this.#onFailed(DingError.from(thrown));
    }
    this.#member = member;
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
    this.#rest(error);
    this.#events.failed(this);
  }

  #onEnded(error: DingError): void {
    this.#endedWith = this.#lossError(error);
    const member = this.#member;
    if (!member) return;
    this.#member = undefined;
    this.#state = "idle";
    this.#rest(this.#endedWith);
    // The server may be there again, or another in its place.
    this.retryAt = -Infinity;
    member.lose(this.#endedWith);
    this.#events.down(this);
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
