import type { Clock } from "../core/clock.ts";
import type { Body } from "../rpc/message.ts";

/** So many values in a row pass at once … */
const BURST = 256;
/** … and this many a second after them; of those in between only the newest passes. */
const PER_SECOND = 100;

/** Keeps a task that tells its progress in a tight loop from flooding its master. */
export class ProgressThrottle {
  readonly #clock: Clock;
  readonly #pass: (value: Body) => void;
  #tokens = BURST;
  #refilled: number;
  #held: { value: Body } | undefined;
  #timer: Disposable | undefined;

  constructor(clock: Clock, pass: (value: Body) => void) {
    this.#clock = clock;
    this.#pass = pass;
    this.#refilled = clock.now();
  }

  put(value: Body): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#refilled) * PER_SECOND) / 1_000);
    this.#refilled = now;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      this.#held = undefined;
      this.#pass(value);
      return;
    }
    this.#held = { value };
    this.#timer ??= this.#clock.after(1_000 / PER_SECOND, () => {
      this.#timer = undefined;
      const held = this.#held;
      this.#held = undefined;
      if (held) this.put(held.value);
    });
  }

  /** The task has ended: the newest value goes out before its result. */
  end(): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#held) this.#pass(this.#held.value);
    this.#held = undefined;
  }
}
