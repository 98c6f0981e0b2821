import type { Clock } from "../../core/clock.ts";
import type { Delivery, Note } from "./nats-message.ts";
import { ACK_WAIT_MS } from "./nats-streams.ts";

/** A job in the hands of this process. */
export interface Held {
  readonly delivery: Delivery;
  readonly attempt: number;
  readonly note: Note;
  /** When its lease ends, as `performance.now()` counts. */
  endsAtMs: number;
  /** When the server gives it to somebody else. */
  servedUntilMs: number;
}

/** The server hears of a job this long before it would give it to somebody else. */
const MARGIN_MS = 5_000;

/**
 * The leases of this process. The server knows one length for all: longer ones are renewed there until they end,
 * and shorter ones given back by a timer. One that is over here, or may be over there, is not in here any more.
 */
export class HeldJobs {
  readonly #clock: Clock;
  readonly #tell: (subject: string, word: string) => void;
  readonly #jobs = new Map<string, Held>();
  readonly #timers = new Map<string, Disposable>();

  constructor(clock: Clock, tell: (subject: string, word: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(receipt: string, held: Held): void {
    this.#jobs.set(receipt, held);
    this.#later(receipt, held);
  }

  /** Undefined if its lease is over. */
  get(receipt: string): Held | undefined {
    const held = this.#jobs.get(receipt);
    const nowMs = performance.now();
    return held && nowMs < held.endsAtMs && nowMs < held.servedUntilMs ? held : undefined;
  }

  delete(receipt: string): void {
    this.#jobs.delete(receipt);
    this.#timers.get(receipt)?.[Symbol.dispose]();
    this.#timers.delete(receipt);
  }

  clear(): void {
    for (const receipt of this.#jobs.keys()) this.delete(receipt);
  }

  #later(receipt: string, held: Held): void {
    const atMs = Math.min(held.endsAtMs, held.servedUntilMs - MARGIN_MS);
    const inMs = Math.max(1, Math.ceil(atMs - performance.now()));
    this.#timers.set(
      receipt,
      this.#clock.after(inMs, () => this.#look(receipt, held)),
    );
  }

  #look(receipt: string, held: Held): void {
    const nowMs = performance.now();
    const isOver = nowMs >= held.endsAtMs;
    // Too late to say anything: it may be another's by now.
    if (nowMs >= held.servedUntilMs) return this.delete(receipt);
    if (isOver) {
      this.delete(receipt);
      return this.#tell(held.delivery.ackSubject, "-NAK");
    }
    if (nowMs >= held.servedUntilMs - MARGIN_MS) {
      this.#tell(held.delivery.ackSubject, "+WPI");
      held.servedUntilMs = nowMs + ACK_WAIT_MS;
    }
    this.#later(receipt, held);
  }
}
