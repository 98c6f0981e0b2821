import type { Clock } from "../core/clock.ts";

/** So long word of a task's beginning is held back. A nearer timer would cost every wait of the process its time. */
const HELD_MS = 10;

/**
 * Holds words back for a moment, those of many tasks by one timer. Most tasks
 * have ended by then, and their end says all.
 */
export class HeldWords {
  readonly #clock: Clock;
  #words: (() => void)[] = [];
  #timer: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Says it in a moment. */
  hold(say: () => void): void {
    this.#words.push(say);
    this.#timer ??= this.#clock.after(HELD_MS, () => {
      this.#timer = undefined;
      const words = this.#words;
      this.#words = [];
      for (const word of words) word();
    });
  }

  /** Nobody listens any more. */
  drop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#words = [];
  }
}
