import type { Clock } from "../../src/core/clock.ts";

interface Timer {
  at: number;
  order: number;
  run: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #nowMs: number;
  #order = 0;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, in this clock's milliseconds. */
  get nextAt(): number | undefined {
    return this.#next()?.at;
  }

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): Disposable {
    const timer = { at: this.#nowMs + Math.max(0, ms), order: this.#order++, run };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** Moves on by `ms`; runs what becomes due, in order, also what is set meanwhile. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    while (this.#runNext(end)) continue;
    this.#nowMs = end;
  }

  /** As `advance()`, but lets promises settle before, between and after the timers. */
  async play(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    do await settle();
    while (this.#runNext(end));
    this.#nowMs = end;
    await settle();
  }

  #runNext(end: number): boolean {
    const timer = this.#next();
    if (!timer || timer.at > end) return false;
    this.#timers.delete(timer);
    this.#nowMs = timer.at;
    timer.run();
    return true;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  }
}

/** Gives every promise chain that can go on now the time to do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
