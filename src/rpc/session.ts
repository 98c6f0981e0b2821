import type { Clock } from "../core/clock.ts";
import { DingError, NetworkError } from "../core/errors.ts";
import type { Link } from "../link/link.ts";
import { AckTurn } from "./ack-turn.ts";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import { Inbox } from "./inbox.ts";
import { decodeMessages, encodeMessage, isCounted, KIND, type Message } from "./message.ts";
import { encodeParts } from "./message-parts.ts";
import { Outbox } from "./outbox.ts";
import { part } from "./part.ts";
import { Pulse } from "./pulse.ts";

/** Who hears what happens to a session. */
export interface SessionEvents {
  /** A counted message of the other end; each arrives once, in order. */
  message(message: Message): void;
  /** The link broke; the session lives on until somebody attaches a new one or ends it. */
  detached(reason: DetachReason): void;
  /** Once, at the end: `error` says why, and is undefined after an orderly goodbye of this end. */
  ended(error: DingError | undefined): void;
}

/** Closed: the socket went away. Silent: it stayed open and nothing was heard for the tolerance. */
export type DetachReason = "closed" | "silent";

/** What a session is made of. */
export interface SessionOptions extends HeartbeatOptions {
  id: string;
  clock: Clock;
  /** So many bytes make an ACK leave at once; given when the other end waits for it. */
  ackBytes?: number;
}

const WINDOW = { bytes: 32 * 1024 * 1024, messages: 16_384 };
/** So much makes an ACK leave at once, alone if need be. */
const LATEST_ACK = { bytes: WINDOW.bytes / 4, messages: 1_024 };
/** A flush waits for the microtasks of the turn as long as they add something, but not for ever. */
const MOST_FLUSH_DEFERRALS = 8;

const PING = encodeMessage([KIND.PING]);

/**
 * A conversation that outlives its links. What this end says is kept until the
 * other end has acknowledged it; after a broken link both tell how much they
 * have and say the rest again. So each message arrives once and in order.
 *
 *   detached ── attach() → attached ── link breaks → detached
 *       └────────── end(), BYE ──────────┴─────────→ ended
 */
export class Session {
  readonly id: string;
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  readonly #outbox = new Outbox(WINDOW);
  readonly #inbox = new Inbox();
  readonly #acks: AckTurn;
  #events: SessionEvents = { message() {}, detached() {}, ended() {} };
  #link: Link | undefined;
  #isEnded = false;
  #pulse: Pulse | undefined;
  #flushPlanned = false;
  #deferrals = 0;
  #sizeAtDeferral = 0;
  #ackWaiters: (() => void)[] = [];

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.#options = options;
    this.#clock = options.clock;
    this.#acks = new AckTurn({
      inbox: this.#inbox,
      clock: options.clock,
      latest: { ...LATEST_ACK, bytes: options.ackBytes ?? LATEST_ACK.bytes },
      tell: () => this.#flush(true),
    });
  }

  /** Call before the first link is attached. */
  listen(events: SessionEvents): void {
    this.#events = events;
  }

  /** How many counted messages have arrived. */
  get received(): number {
    return this.#inbox.received;
  }

  /** Grows whenever a counted message gets through, in either direction. */
  get progress(): number {
    return this.#inbox.received + this.#outbox.acknowledged;
  }

  get isAttached(): boolean {
    return this.#link !== undefined;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** When the other end was last heard, on the session's clock. */
  get heard(): number {
    return this.#pulse?.heard ?? this.#clock.now();
  }

  /** Goes on over this link. `peerReceived` is what the other end says it has; false if that cannot be. */
  attach(link: Link, peerReceived: number, peerToleranceMs: number): boolean {
    if (this.#isEnded || !this.#outbox.rewind(peerReceived)) return false;
    const old = this.#link;
    this.#link = undefined;
    old?.terminate();
    this.#pulse?.[Symbol.dispose]();
    const heartbeat = new Heartbeat(this.#options, peerToleranceMs, this.#clock.now());
    this.#pulse = new Pulse(heartbeat, this.#clock, {
      ping: () => void link.send(PING),
      silent: () => this.#detach(link, "silent"),
    });
    this.#inbox.onTold();
    this.#link = link;
    link.listen({
      frame: (bytes) => this.#onFrame(link, bytes),
      close: () => this.#detach(link, "closed"),
    });
    // What had come already may have ended it, or the link may have closed before.
    if (this.#link === link) {
      this.#pulse.start();
      this.#flush();
    }
    return true;
  }

  /** Says a counted message; it leaves at the end of this turn together with its neighbours. */
  send(message: Message): void {
    if (this.#isEnded) return;
    this.#outbox.add(encodeParts(message));
    if (this.#flushPlanned || !this.#link) return;
    this.#flushPlanned = true;
    this.#deferrals = 0;
    this.#sizeAtDeferral = this.#outbox.waiting;
    queueMicrotask(this.#flushWhenQuiet);
  }

  /** Resolves when the other end has everything that was said, or the session has ended. */
  delivered(): Promise<void> {
    return this.deliveredBut({ bytes: 0, messages: 0 });
  }

  /** Resolves when no more than this is without an acknowledgement, or the session has ended. */
  async deliveredBut(rest: { bytes: number; messages: number }): Promise<void> {
    while (!this.hasAtMost(rest) && !this.#isEnded) {
      await new Promise<void>((resolve) => void this.#ackWaiters.push(resolve));
    }
  }

  /** Is everything that was said surely out of this process? */
  get hasLeft(): boolean {
    return this.#outbox.waiting === 0 && this.#link?.hasLeft === true;
  }

  /** Resolves when that is so, or the other end has it, or the session has ended. */
  left(): Promise<void> {
    const delivered = this.delivered();
    return this.#link ? Promise.race([delivered, this.#link.left()]) : delivered;
  }

  /** Has no more than this been said without an acknowledgement? */
  hasAtMost({ bytes, messages }: { bytes: number; messages: number }): boolean {
    return this.#outbox.bytes <= bytes && this.#outbox.size <= messages;
  }

  /** Sends what waits now, for an end that will not give the turn back soon; what is untold rides with what is said later. */
  flush(): void {
    if (this.#outbox.waiting > 0) this.#flush();
  }

  /** Ends it: with an orderly goodbye, or because of an error. Twice is once. */
  end(error?: DingError): void {
    if (this.#isEnded) return;
    const link = this.#link;
    if (link && !error) {
      this.#outbox.add(encodeParts([KIND.BYE, "done"]));
      this.#flush();
    }
    this.#finish(error);
    if (link) part(link, error?.message ?? "done", this.#clock);
  }

  readonly #flushWhenQuiet = (): void => {
    if (!this.#flushPlanned) return;
    const waiting = this.#outbox.waiting;
    if (waiting > this.#sizeAtDeferral && this.#deferrals < MOST_FLUSH_DEFERRALS) {
      this.#sizeAtDeferral = waiting;
      this.#deferrals += 1;
      queueMicrotask(this.#flushWhenQuiet);
      return;
    }
    this.#flush();
  };

  #flush(isAckDue = this.#acks.mayRide()): void {
    this.#flushPlanned = false;
    const link = this.#link;
    if (!link) return;
    let spoke = false;
    while (this.#link === link) {
      const ack = isAckDue ? this.#inbox.takeAck() : undefined;
      // A large frame takes its time, and whoever waits for the ACK would wait as long.
      const frame = ack && this.#outbox.isNextLarge ? ack : (this.#outbox.next(ack) ?? ack);
      if (!frame) break;
      spoke = true;
      if (!link.send(frame)) return;
    }
    if (spoke) this.#pulse?.onSpoke();
  }

  #onFrame(link: Link, bytes: Uint8Array): void {
    if (link !== this.#link) return;
    this.#pulse?.onHeard();
    try {
      decodeMessages(bytes, (message) => this.#onMessage(message));
    } catch (thrown) {
      // Whoever breaks the protocol has no session to resume.
      this.end(DingError.from(thrown));
      return;
    }
    if (this.#isEnded) return;
    this.#inbox.addBytes(bytes.length);
    this.#acks.plan();
  }

  #onMessage(message: Message): void {
    if (this.#isEnded) return;
    if (isCounted(message)) {
      this.#inbox.count();
      if (message[0] === KIND.BYE) this.#onBye();
      else this.#events.message(message);
      return;
    }
    if (message[0] === KIND.ACK) this.#onAck(message[1]);
    else if (message[0] !== KIND.PING) {
      throw new NetworkError("network.protocol", "Cannot open session: it is open already");
    }
  }

  #onAck(received: number): void {
    if (!this.#outbox.acknowledge(received)) {
      throw new DingError("network.protocol", `Cannot have ${received} messages acknowledged`);
    }
    const isBlocked = this.#outbox.waiting > 0 && !this.#flushPlanned;
    if (isBlocked) this.#flush();
    if (this.#ackWaiters.length > 0) wakeAll(this.#ackWaiters);
  }

  #onBye(): void {
    const link = this.#link;
    this.#finish(goodbyeError());
    if (link) part(link, "done", this.#clock);
  }

  #detach(link: Link, reason: DetachReason): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    this.#stopTimers();
    if (reason === "silent") link.terminate();
    this.#events.detached(reason);
  }

  #finish(error: DingError | undefined): void {
    this.#isEnded = true;
    this.#link = undefined;
    this.#stopTimers();
    wakeAll(this.#ackWaiters);
    this.#events.ended(error);
  }

  #stopTimers(): void {
    this.#pulse?.[Symbol.dispose]();
    this.#acks[Symbol.dispose]();
    this.#flushPlanned = false;
  }
}

function wakeAll(waiters: (() => void)[]): void {
  for (const wake of waiters.splice(0)) wake();
}

/** The end of a session that the other end closed in good order. */
function goodbyeError(): NetworkError {
  return new NetworkError("network.closed", "The other end said goodbye", {
    details: { goodbye: true },
  });
}
