/** How much is kept: whichever is reached first. */
export interface LogWindow {
  events: number;
  bytes: number;
}

/** An event as its sender keeps it. */
export interface LoggedEvent {
  /** Counts the events of this sender from 1. */
  readonly seq: number;
  /** Undefined is everybody. */
  readonly to: number | undefined;
  readonly body: Uint8Array;
  /** The bytes of all events up to this one. */
  readonly total: number;
}

/** The latest events of one sender, once for all its peers: the oldest make way for new ones. */
export class EventLog {
  readonly #window: LogWindow;
  #events: LoggedEvent[] = [];
  #dead = 0;
  #head = 0;
  #total = 0;
  /** The bytes of all events that are gone. */
  #gone = 0;

  constructor(window: LogWindow) {
    this.#window = window;
  }

  /** The number of the latest event; 0 before the first. */
  get head(): number {
    return this.#head;
  }

  /** The number of the oldest event that is still here; one more than `head` when none is. */
  get first(): number {
    return this.#head - (this.#events.length - this.#dead) + 1;
  }

  append(body: Uint8Array, to: number | undefined): LoggedEvent {
    this.#total += body.length;
    const event = { seq: (this.#head += 1), to, body, total: this.#total };
    this.#events.push(event);
    while (this.first < this.#head && this.#isOver()) this.#drop();
    return event;
  }

  at(seq: number): LoggedEvent | undefined {
    return seq < this.first ? undefined : this.#events[this.#dead + seq - this.first];
  }

  /** The bytes of the events up to this one; of those that are gone, as far as they are known. */
  totalAt(seq: number): number {
    return this.at(seq)?.total ?? (seq > this.#head ? this.#total : this.#gone);
  }

  #isOver(): boolean {
    const { events, bytes } = this.#window;
    return this.#events.length - this.#dead > events || this.#total - this.#gone > bytes;
  }

  #drop(): void {
    const oldest = this.#events[this.#dead];
    if (!oldest) return;
    this.#gone = oldest.total;
    this.#events[this.#dead] = FORGOTTEN; // its body is free at once
    this.#dead += 1;
    if (this.#dead * 2 < this.#events.length) return;
    this.#events = this.#events.slice(this.#dead);
    this.#dead = 0;
  }
}

const FORGOTTEN: LoggedEvent = { seq: 0, to: undefined, body: new Uint8Array(), total: 0 };
