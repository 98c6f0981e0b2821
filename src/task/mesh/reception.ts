import type { Clock } from "../../core/clock.ts";
import type { LoggedEvent } from "./event-log.ts";
import type { Said } from "./feed.ts";

/** What the receiving end of one sender does. */
export interface ReceptionOptions {
  /** Everything up to this event is here. */
  after: number;
  /** An event, each once, in order. */
  deliver: (event: Incoming) => void;
  /** The events behind `after`, up to this one, will never come. */
  missed: (after: number, upTo: number) => void;
  /** Tells the sender that everything behind this event is to be said again. */
  ask: (after: number) => void;
  /** An answer may be lost on its way: asks again after so long. */
  retryMs: number;
  /** So many events that came too early are kept until those before them come. */
  mostEarly: number;
  clock: Clock;
}

/** What a receiver needs of an entry. */
export type Incoming = Pick<LoggedEvent, "seq" | "body" | "note">;

/** What a sender says, as it arrives. */
export type Heard =
  | { kind: "event"; after: number; event: Incoming }
  | Omit<Extract<Said, { kind: "missed" }>, "events">;

type Event = Extract<Heard, { kind: "event" }>;

/** The receiving end of one sender's events: puts them in order, and sees what is missing. */
export class Reception implements Disposable {
  readonly #options: ReceptionOptions;
  readonly #early = new Map<number, Event>();
  #cursor: number;
  /** The latest event that is known to have been said. */
  #known: number;
  #retry: Disposable | undefined;
  #duplicates = 0;

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#cursor = this.#known = options.after;
  }

  /** Everything up to this event has come, or will never come. */
  get cursor(): number {
    return this.#cursor;
  }

  /** How many events came more than once. */
  get duplicates(): number {
    return this.#duplicates;
  }

  accept(said: Heard): void {
    const upTo = said.kind === "event" ? said.event.seq : said.upTo;
    if (upTo <= this.#cursor) this.#duplicates += 1;
    else if (said.after > this.#cursor) this.#keepEarly(said, upTo);
    else if (said.kind === "missed") this.#skip(upTo);
    else this.#take(said);
    this.#look();
  }

  /** The sender tells now and then how far it has come: so the loss of what it said last is seen. */
  onTold(told: number): void {
    this.#known = Math.max(this.#known, told);
    this.#look();
  }

  [Symbol.dispose](): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
  }

  #take({ event }: Event): void {
    this.#cursor = event.seq;
    if (this.#early.size === 0) return this.#options.deliver(event);
    this.#early.delete(event.seq);
    this.#options.deliver(event);
    for (let next = this.#nextEarly(this.#cursor); next; next = this.#nextEarly(this.#cursor)) {
      this.#early.delete(next.event.seq);
      this.#cursor = next.event.seq;
      this.#options.deliver(next.event);
    }
  }

  /** What has come early in spite of it is not missed. */
  #skip(upTo: number): void {
    const come = [...this.#early.values()]
      .filter(({ event }) => event.seq > this.#cursor && event.seq <= upTo)
      .toSorted((a, b) => a.event.seq - b.event.seq);
    for (const early of come) {
      if (early.event.seq <= this.#cursor) continue; // it came with the one before
      if (early.after > this.#cursor) this.#miss(early.after);
      this.#take(early);
    }
    if (upTo > this.#cursor) this.#miss(upTo);
    const next = this.#nextEarly(this.#cursor);
    if (next) this.#take(next);
  }

  #miss(upTo: number): void {
    const after = this.#cursor;
    this.#cursor = upTo;
    this.#options.missed(after, upTo);
  }

  #keepEarly(said: Heard, upTo: number): void {
    this.#known = Math.max(this.#known, upTo);
    if (said.kind === "missed") return; // it will be told again, where it belongs
    if (this.#early.size < this.#options.mostEarly) this.#early.set(upTo, said);
  }

  /** The early event that comes next, if nothing before it is missing; those that are behind are let go. */
  #nextEarly(cursor: number): Event | undefined {
    for (const [seq, early] of this.#early) {
      if (seq <= cursor) this.#early.delete(seq);
      else if (early.after <= cursor) return early;
    }
    return undefined;
  }

  /** Asks as long as something is missing. */
  #look(): void {
    if (this.#known <= this.#cursor) return this[Symbol.dispose]();
    if (this.#retry) return;
    const { ask, clock, retryMs } = this.#options;
    this.#retry = clock.after(retryMs, () => {
      this.#retry = undefined;
      this.#look();
    });
    ask(this.#cursor);
  }
}
