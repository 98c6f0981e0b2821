import type { Clock } from "../../core/clock.ts";

/** One timer: whoever asks for it again later than it will ring is served by that. */
export class Wake {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: Disposable | undefined;
  #atMs = 0;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  after(ms: number): void {
    const atMs = this.#clock.now() + ms;
    if (this.#timer && this.#atMs <= atMs) return;
    this.clear();
    this.#atMs = atMs;
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined;
      this.#ring();
    });
  }

  /** It does not ring, unless it is asked for again. */
  clear(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
