import type { EventLog, LoggedEvent, LogWindow } from "./event-log.ts";

/**
 * What a sender says to one peer. `after` is the number of what it said before: what lies between is not for this peer.
 * Missed: the events up to `upTo` are gone, so many of them.
 */
export type Said =
  | { kind: "event"; after: number; event: LoggedEvent }
  | { kind: "missed"; after: number; upTo: number; events: number };

/** A peer that does not keep up slows the sender, or loses events, which are counted. */
export type SlowPeerPolicy = "slow" | "drop";

/** How one peer is fed. */
export interface FeedOptions {
  nodeId: number;
  policy: SlowPeerPolicy;
  /** So much may be on its way, said and not taken; with "drop" as much again may wait. */
  flight: LogWindow;
  /** The peer has everything up to this event. */
  after: number;
}

/**
 * Where one peer stands in a sender's log. Pure: it decides what is said next, somebody else says it.
 *
 *   taken ≤ told ≤ looked ≤ head      told: said to the peer; looked: up to here nothing more is for it
 *             ↑ rewind(): the peer has come back, or asks for what it lacks
 */
export class Feed {
  readonly nodeId: number;
  readonly policy: SlowPeerPolicy;
  readonly #log: EventLog;
  readonly #flight: LogWindow;
  #taken: number;
  #told: number;
  #looked: number;
  #dropped = 0;
  /** With "drop": the events for which the peer has been passed over. */
  #passedOver: { after: number; upTo: number }[] = [];

  constructor(log: EventLog, { nodeId, policy, flight, after }: FeedOptions) {
    this.#log = log;
    this.nodeId = nodeId;
    this.policy = policy;
    this.#flight = flight;
    this.#taken = this.#told = this.#looked = after;
  }

  /** The latest event that was said: a peer that has less lacks something. */
  get told(): number {
    return this.#told;
  }

  /** Has everything that there is for it been said? */
  get isThrough(): boolean {
    return this.#looked >= this.#log.head;
  }

  get taken(): number {
    return this.#taken;
  }

  /** May this event be on its way? */
  isUnderWay(seq: number): boolean {
    return this.#taken < seq && seq <= this.#told;
  }

  /** How many events it has been passed over for. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Is less behind what it has taken than may be on its way? */
  get hasRoom(): boolean {
    return this.#isWithin(this.#taken, this.#log.head);
  }

  /** What is to be said now; undefined when that was all, or enough is on its way. */
  next(): Said | undefined {
    const isFull = !this.#isWithin(this.#taken, this.#told);
    if (this.policy === "drop" && isFull) return this.#passOver();
    const gone = this.#goneUpTo();
    if (this.#looked < gone) {
      const after = this.#told;
      this.#told = this.#looked = gone;
      const events = this.#log.eventsAt(gone) - this.#log.eventsAt(after);
      return { kind: "missed", after, upTo: gone, events };
    }
    if (isFull) return undefined;
    while (this.#looked < this.#log.head) {
      const event = this.#log.at((this.#looked += 1));
      if (!event || !this.#isFor(event)) continue;
      const after = this.#told;
      this.#told = event.seq;
      return { kind: "event", after, event };
    }
    return undefined;
  }

  /** The peer has handled everything up to here. */
  onTaken(seq: number): void {
    this.#taken = Math.max(this.#taken, Math.min(seq, this.#log.head));
    if (this.#passedOver.length === 0) return;
    this.#passedOver = this.#passedOver.filter(({ upTo }) => upTo > this.#taken);
  }

  /** The peer has everything up to here and lacks what follows: it is said again. */
  rewind(after: number): void {
    this.#told = this.#looked = Math.max(0, Math.min(after, this.#told));
  }

  /** From where it stands: up to here nothing can be said any more. */
  #goneUpTo(): number {
    const looked = this.#looked;
    const over = this.#passedOver.find(({ after, upTo }) => after <= looked && looked < upTo);
    return Math.max(this.#log.first - 1, over?.upTo ?? 0);
  }

  #isWithin(from: number, upTo: number): boolean {
    const bytes = this.#log.totalAt(upTo) - this.#log.totalAt(from);
    return upTo - from < this.#flight.events && bytes < this.#flight.bytes;
  }

  /** It neither takes what is on its way nor leaves room for what waits: what waits is let go. It hears of that once. */
  #passOver(): undefined {
    const { head } = this.#log;
    const from = Math.max(this.#looked, this.#goneUpTo());
    if (this.#isWithin(from, head)) return;
    for (let seq = from + 1; seq <= head; seq++) {
      const event = this.#log.at(seq);
      if (event && this.#isFor(event)) {
        this.#dropped += event.events - this.#log.eventsAt(seq - 1);
      }
    }
    const last = this.#passedOver.at(-1);
    if (last && last.upTo > this.#looked) last.upTo = head;
    else this.#passedOver.push({ after: this.#looked, upTo: head });
  }

  #isFor({ to }: LoggedEvent): boolean {
    return (
      to === undefined || to === this.nodeId || (typeof to === "object" && to.has(this.nodeId))
    );
  }
}
