import type { Clock } from "../../core/clock.ts";
import type { DeadlineTimer } from "../../core/deadline-timer.ts";
import { DingError } from "../../core/errors.ts";
import type { Body } from "../../rpc/message.ts";
import type { AskMeta } from "../native/session-protocol.ts";
import type { Line } from "./line.ts";

/** What one request is. */
export interface AskInit {
  method: string;
  /** Without `timeoutMs` and `client`: what is left of the time, and who asks, is known when it is sent. */
  meta: AskMeta;
  body: Body;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  clock: Clock;
}

/** Who hears what becomes of it; one of the first two, once. */
export interface AskEvents {
  reply(body: Body): void;
  fail(error: Error): void;
  event?(name: string, body: Body): void;
  /** It has left for a server; again after each loss. */
  sent?(): void;
}

/**
 * One request of a client, through all the servers that it is sent to.
 *
 *   waiting ── sent() ──→ out ── reply(), fail() → settled
 *      ↑                   │
 *      └── back() ─────────┘
 */
export class Ask {
  readonly init: Omit<AskInit, "body">;
  /** How often it was lost with its server. */
  losses = 0;
  /** Since when its model has been said to be not there. */
  notReadySince: number | undefined;
  /** For the queue: its place among those that wait. */
  order = 0;
  /** When it has had its time, on the clock. */
  readonly deadline: number;
  /** Until it is settled: what waits in a queue or for a timer then is small. */
  #events: AskEvents | undefined;
  #body: Body;
  #timer: DeadlineTimer<Ask> | undefined;
  readonly #onAbort = (): void => this.withdraw(this.init.signal?.reason as Error);
  #line: Line | undefined;
  #call = 0;
  #hasWaited = false;
  #hasBegun = false;

  constructor({ method, meta, body, timeoutMs, signal, clock }: AskInit, events: AskEvents) {
    this.init = { method, meta, timeoutMs, signal, clock };
    this.#body = body;
    this.#events = events;
    this.deadline = clock.now() + timeoutMs;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    // Later: who made it must have it in hand first.
    if (signal?.aborted) queueMicrotask(this.#onAbort);
  }

  get body(): Body {
    return this.#body;
  }

  /** Settled: it waits for nothing any more. */
  get isGone(): boolean {
    return this.#events === undefined;
  }

  /** From now on its deadline is watched: when that has come, somebody calls `late()`. */
  bound(timer: DeadlineTimer<Ask>): void {
    if (this.isGone) return;
    this.#timer = timer;
    timer.add(this);
  }

  /** Part of the answer has come: sending it again would begin anew. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** What is said of it now, by this client of its connection. */
  meta(client: number | undefined): AskMeta {
    const { meta, clock, timeoutMs } = this.init;
    if (client !== undefined) meta.client = client;
    else if (meta.client !== undefined) delete meta.client;
    const leftMs = this.#hasWaited ? Math.ceil(this.deadline - clock.now()) : timeoutMs;
    meta.timeoutMs = Math.max(1, leftMs);
    return meta;
  }

  /** It was made, and perhaps sent: from here on time passes. */
  wait(): void {
    this.#hasWaited = true;
  }

  /** It has been sent over this line, by this number. */
  sent(line: Line, call: number): void {
    if (this.isGone) return line.cancel(call);
    this.#line = line;
    this.#call = call;
    this.#events?.sent?.();
  }

  /** It waits again. */
  back(): void {
    this.#line = undefined;
  }

  reply(body: Body): void {
    this.#settle()?.reply(body);
  }

  fail(error: Error): void {
    this.#settle()?.fail(error);
  }

  event(name: string, body: Body): void {
    if (this.isGone) return;
    this.#hasBegun = true;
    this.#events?.event?.(name, body);
  }

  /** The answer is no longer wanted, here and at the server. */
  withdraw(error: Error): void {
    if (this.isGone) return;
    this.#line?.cancel(this.#call);
    this.fail(error);
  }

  /** Its time is up. */
  late(): void {
    this.withdraw(this.#tooLate());
  }

  /** For a stream: so many more pieces are wanted. */
  more(method: string, count: number): void {
    const ignore = (): void => {};
    this.#line?.call(method, [this.#call, count], undefined, {
      reply: ignore,
      fail: ignore,
      lost: ignore,
    });
  }

  /** Who is to hear of its end; nobody when it has been told already. */
  #settle(): AskEvents | undefined {
    const events = this.#events;
    if (!events) return undefined;
    this.#events = undefined;
    this.#line = undefined;
    this.#body = undefined;
    this.#timer?.onGone();
    this.init.signal?.removeEventListener("abort", this.#onAbort);
    return events;
  }

  #tooLate(): DingError {
    const { meta, timeoutMs } = this.init;
    const where = this.#line ? `${this.#line.name} has not answered` : "it still waits to be sent";
    return new DingError(
      "task.timed-out",
      `Cannot wait longer for request "${meta.id}": ${timeoutMs} ms passed, ${where}`,
      { hint: "Give it more time by timeoutMs, or look at the server's queue." },
    );
  }
}
