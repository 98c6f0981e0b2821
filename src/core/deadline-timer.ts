import type { Clock } from "./clock.ts";
import { Deadlines, type Mortal } from "./deadlines.ts";

/** A timer that is set holds the process open: so much longer than the last wait. */
const STEP_MS = 100;

/**
 * Ends many waits at their deadlines by one timer, which stays set when waits
 * end before they are due, as most do; it rests when it finds that none is left.
 */
export class DeadlineTimer<T extends Mortal> implements Disposable {
  readonly #clock: Clock;
  readonly #onDue: (one: T) => void;
  readonly #deadlines = new Deadlines<T>();
  #timer: Disposable | undefined;
  #ringsAt = Infinity;

  /** `onDue` is called once a deadline has passed, and makes that one gone; else it is called again, a step later. */
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

  #set(deadline: number): void {
    this.#timer?.[Symbol.dispose]();
    const now = this.#clock.now();
    this.#ringsAt = Math.min(deadline, now + STEP_MS);
    this.#timer = this.#clock.after(Math.max(0, this.#ringsAt - now), () => this.#ring());
  }

  #ring(): void {
    this[Symbol.dispose]();
    const now = this.#clock.now();
    for (let due = this.#deadlines.due(now); due; due = this.#deadlines.due(now)) {
      this.#onDue(due);
      if (!due.isGone) return this.#set(now + STEP_MS);
    }
    const { next } = this.#deadlines;
    if (next < Infinity) this.#set(next);
  }
}
