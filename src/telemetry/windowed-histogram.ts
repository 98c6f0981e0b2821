import { LogHistogram } from "./log-histogram.ts";

/** How long the window is. */
export interface WindowOptions {
  /** How many slots are kept; the one that is being filled is one of them. */
  slots: number;
  /** How many turns fill a slot. */
  turns: number;
}

const MINUTE: WindowOptions = { slots: 6, turns: 10 };

/**
 * A histogram of the last while; a minute if it is turned every second. Recording looks at no clock: whoever owns it
 * calls `turn()`, and may read `fresh` before.
 */
export class WindowedHistogram {
  /** What came since the last turn. */
  readonly fresh = new LogHistogram();
  readonly #slots: LogHistogram[];
  readonly #turnsPerSlot: number;
  readonly #sum = new LogHistogram();
  #at = 0;
  #turns = 0;

  constructor({ slots, turns }: WindowOptions = MINUTE) {
    this.#slots = Array.from({ length: slots }, () => new LogHistogram());
    this.#turnsPerSlot = turns;
  }

  record(value: number): void {
    this.fresh.record(value);
  }

  /** Puts what is fresh into its slot; when that is full, the oldest one is emptied for the next. */
  turn(): void {
    this.#slots[this.#at]?.add(this.fresh);
    this.fresh.reset();
    if (++this.#turns < this.#turnsPerSlot) return;
    this.#turns = 0;
    this.#at = (this.#at + 1) % this.#slots.length;
    this.#slots[this.#at]?.reset();
  }

  /** The whole window; the same object each time, valid until the next call. */
  window(): LogHistogram {
    this.#sum.reset();
    for (const slot of this.#slots) this.#sum.add(slot);
    this.#sum.add(this.fresh);
    return this.#sum;
  }
}
