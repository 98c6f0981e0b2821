/** How much is kept: whichever is reached first. */
export interface LogWindow {
  events: number;
  bytes: number;
}

/** Whom something is for: everybody, one node, or these. */
export type Audience = number | ReadonlySet<number> | undefined;

/** What is logged at a time: one event, or several that travel together. */
export interface LogEntry {
  readonly body: Uint8Array;
  readonly to: Audience;
  /** How many it holds; default 1. */
  readonly count?: number;
  /** What its sender says of it. */
  readonly note?: unknown;
  /** Where the body is, if it may be written there again when nobody needs it any more. */
  readonly memory?: Uint8Array<ArrayBuffer> | undefined;
}

/** An entry as its sender keeps it. */
export interface LoggedEvent {
  /** Counts the entries of this sender from 1. */
  readonly seq: number;
  readonly to: Audience;
  readonly body: Uint8Array;
  readonly note: unknown;
  readonly memory?: Uint8Array<ArrayBuffer> | undefined;
  /** The events of all entries up to this one. */
  readonly events: number;
  /** The bytes of all events up to this one. */
  readonly total: number;
}

const FORGOTTEN: LoggedEvent = {
  seq: 0,
  to: undefined,
  body: new Uint8Array(),
  note: undefined,
  events: 0,
  total: 0,
};

/** So many entries that are gone are still known by how many events they held. */
const MOST_COUNTED = 32_768;

/** The latest events of one sender, once for all its peers: the oldest make way for new ones. */
export class EventLog {
  readonly #window: LogWindow;
  readonly #onGone: (event: LoggedEvent) => void;
  #events: LoggedEvent[] = [];
  #dead = 0;
  #head = 0;
  #total = 0;
  #count = 0;
  /** By number, modulo: the events up to the latest entries. */
  #counts = new Float64Array(0);
  /** The last one that is gone; its bytes are free. */
  #gone: LoggedEvent = FORGOTTEN;

  /** `onGone` hears of each event that makes way. */
  constructor(window: LogWindow, onGone: (event: LoggedEvent) => void = () => {}) {
    this.#window = window;
    this.#onGone = onGone;
  }

  /** The number of the latest event; 0 before the first. */
  get head(): number {
    return this.#head;
  }

  /** The number of the oldest event that is still here; one more than `head` when none is. */
  get first(): number {
    return this.#head - (this.#events.length - this.#dead) + 1;
  }

  append({ body, to, count = 1, note, memory }: LogEntry): LoggedEvent {
    this.#total += body.length;
    this.#count += count;
    const seq = (this.#head += 1);
    this.#noteCount(seq);
    const event = { seq, to, body, note, memory, events: this.#count, total: this.#total };
    this.#events.push(event);
    while (this.first < this.#head && this.#isOver()) this.#drop();
    return event;
  }

  at(seq: number): LoggedEvent | undefined {
    return seq < this.first ? undefined : this.#events[this.#dead + seq - this.first];
  }

  /** The bytes of the events up to this one; of those that are gone, as far as they are known. */
  totalAt(seq: number): number {
    return this.at(seq)?.total ?? (seq > this.#head ? this.#total : this.#gone.total);
  }

  /** How many events there were up to this entry; of one that is long gone, at most: each behind it was one at least. */
  eventsAt(seq: number): number {
    if (seq > this.#head) return this.#count;
    if (seq <= 0) return 0;
    if (seq > this.#head - MOST_COUNTED) return this.#counts[seq % MOST_COUNTED] ?? 0;
    return Math.max(0, this.#gone.events - (this.#gone.seq - seq));
  }

  /** Small until it is needed: nearly all senders say little. */
  #noteCount(seq: number): void {
    const { length } = this.#counts;
    if (seq >= length && length < MOST_COUNTED) {
      const grown = new Float64Array(Math.min(MOST_COUNTED, Math.max(1_024, 2 * length)));
      grown.set(this.#counts);
      this.#counts = grown;
    }
    this.#counts[seq % MOST_COUNTED] = this.#count;
  }

  #isOver(): boolean {
    const { events, bytes } = this.#window;
    return this.#events.length - this.#dead > events || this.#total - this.#gone.total > bytes;
  }

  #drop(): void {
    const oldest = this.#events[this.#dead];
    if (!oldest) return;
    this.#gone = { ...oldest, body: FORGOTTEN.body, note: undefined, memory: undefined };
    this.#events[this.#dead] = FORGOTTEN; // its body is free at once
    this.#dead += 1;
    this.#onGone(oldest);
    if (this.#dead * 2 < this.#events.length) return;
    this.#events = this.#events.slice(this.#dead);
    this.#dead = 0;
  }
}
