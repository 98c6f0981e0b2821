import { type Clock, systemClock } from "../../core/clock.ts";
import { optionFault } from "../faults.ts";

/** The ancestor's `thruput_controller`. */
export interface PushSampleLimiterOptions {
  /** Pushes over samples stay at or below this: more pushes are refused. Default Infinity. */
  maxRatio?: number;
  /** … and at or above this: more samples are refused. Default 0. */
  minRatio?: number;
  /** After so long a count weighs a hundredth. Default 30. */
  windowSeconds?: number;
}

/** What has been counted, decayed up to its moment. */
export interface PushSampleLimiterState {
  pushed: number;
  sampled: number;
}

/** A count is worth this much after `windowSeconds`. */
const WORTH_AFTER_WINDOW = 0.01;
const TICK_MS = 1000;

/**
 * The ancestor's limit of pushes to samples: two sums that fade each second, so that what matters is the last while.
 * It refuses and does not wait.
 */
export class PushSampleLimiter {
  readonly #clock: Clock;
  readonly #maxRatio: number;
  readonly #minRatio: number;
  readonly #fade: number;
  #pushed = 0;
  #sampled = 0;
  #tickedAt: number;

  constructor(clock: Clock = systemClock, options: PushSampleLimiterOptions = {}) {
    const { maxRatio = Infinity, minRatio = 0, windowSeconds = 30 } = options;
    if (!(minRatio >= 0 && minRatio < Infinity)) {
      throw optionFault("limiter.minRatio", `${minRatio} is not a number from 0 on`);
    }
    if (!(maxRatio > 0 && maxRatio >= minRatio)) {
      throw optionFault("limiter.maxRatio", `${maxRatio} is not above 0 and above ${minRatio}`);
    }
    if (!(windowSeconds > 0)) {
      throw optionFault("limiter.windowSeconds", `${windowSeconds} is not a number above 0`);
    }
    this.#clock = clock;
    this.#maxRatio = maxRatio;
    this.#minRatio = minRatio;
    this.#fade = WORTH_AFTER_WINDOW ** (1 / windowSeconds);
    this.#tickedAt = clock.now();
  }

  canPush(count: number): boolean {
    this.#tick();
    return this.#sampled === 0 || (this.#pushed + count) / this.#sampled <= this.#maxRatio;
  }

  canSample(count: number): boolean {
    this.#tick();
    return this.#pushed / (this.#sampled + count) >= this.#minRatio;
  }

  push(count: number): void {
    this.#tick();
    this.#pushed += count;
  }

  sample(count: number): void {
    this.#tick();
    this.#sampled += count;
  }

  stateDict(): PushSampleLimiterState {
    this.#tick();
    return { pushed: this.#pushed, sampled: this.#sampled };
  }

  loadStateDict({ pushed, sampled }: PushSampleLimiterState): void {
    this.#pushed = pushed;
    this.#sampled = sampled;
    this.#tickedAt = this.#clock.now();
  }

  #tick(): void {
    const ticks = Math.floor((this.#clock.now() - this.#tickedAt) / TICK_MS);
    if (ticks <= 0) return;
    const worth = this.#fade ** ticks;
    this.#pushed *= worth;
    this.#sampled *= worth;
    this.#tickedAt += ticks * TICK_MS;
  }
}
