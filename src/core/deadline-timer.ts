import type { Clock } from "./clock.ts";
import { Deadlines, type Mortal } from "./deadlines.ts";

/**
 * Ends many waits at their deadlines by one timer, which rings for the earliest
 * and stays set when that one is gone: most waits end long before they are due.
 */
export class DeadlineTimer<T extends Mortal> implements Disposable {
  readonly #clock: Clock;
  readonly #onDue: (one: T) => void;
  readonly #deadlines = new Deadlines<T>();
  #timer: Disposable | undefined;
  #ringsAt = Infinity;

  /** `onDue` is called once a deadline has passed, and makes that one gone. */
  constructor(clock: Clock, onDue: (one: T) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  add(one: T): void {
    this.#deadlines.push(one);
    if (one.deadline < this.#ringsAt) this.#set(one.deadline);
  }

  /** Said once of each that has gone, for what reason ever. */
  onGone(): void {
    this.#deadlines.onGone();
  }

  /** No timer is left; those who come later are waited for. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#ringsAt = Infinity;
  }

  #set(atMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#ringsAt = atMs;
    this.#timer = this.#clock.after(Math.max(0, atMs - this.#clock.now()), () => this.#ring());
  }

  #ring(): void {
    this[Symbol.dispose]();
    const now = this.#clock.now();
    for (let due = this.#deadlines.due(now); due; due = this.#deadlines.due(now)) this.#onDue(due);
    const { next } = this.#deadlines;
    if (next < Infinity) this.#set(next);
  }
}
