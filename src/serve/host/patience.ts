import type { Clock } from "../../core/clock.ts";
import { fairTimer } from "../../pool/fair-timer.ts";

/** Runs something when a wait has lasted too long: one timer, however often the wait begins anew. */
export class Patience implements Disposable {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #run: () => void;
  #sinceMs: number | undefined;
  #timer: Disposable | undefined;

  /** `ms` 0 is for ever. */
  constructor(clock: Clock, ms: number, run: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#run = run;
  }

  /** Waits, from now on. */
  begin(): void {
    if (this.#ms === 0) return;
    this.#sinceMs = this.#clock.now();
    if (!this.#timer) this.#lookAfter(this.#ms);
  }

  /** Nothing is waited for. */
  end(): void {
    this.#sinceMs = undefined;
  }

  [Symbol.dispose](): void {
    this.end();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #lookAfter(ms: number): void {
    this.#timer = fairTimer(this.#clock, ms, () => {
      this.#timer = undefined;
      if (this.#sinceMs === undefined) return;
      const leftMs = this.#sinceMs + this.#ms - this.#clock.now();
      if (leftMs > 0) this.#lookAfter(leftMs);
      else this.#run();
    });
  }
}
