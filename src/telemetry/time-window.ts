import type { Clock } from "../core/clock.ts";
import { TimeSlot } from "./time-slot.ts";

/** What happened within the window. */
export interface WindowSummary {
  count: number;
  ratePerSecond: number;
  mean: number;
  min: number;
  max: number;
  p50: number;
  p90: number;
  p99: number;
}

/** How long a window looks back, and in how many steps it forgets. */
export interface WindowOptions {
  windowMs: number;
  clock: Clock;
  /** Default 10: a window of 10 s forgets one second at a time. */
  slots?: number;
}

/**
 * Statistics of the values of the last `windowMs`. Memory does not grow with
 * their number; percentiles are right to about 5 %. Without values all is 0.
 */
export class TimeWindow {
  readonly #clock: Clock;
  readonly #slotMs: number;
  readonly #slots: TimeSlot[];
  readonly #startedAt: number;

  constructor({ windowMs, clock, slots = 10 }: WindowOptions) {
    this.#clock = clock;
    this.#slotMs = windowMs / slots;
    this.#slots = Array.from({ length: slots }, () => new TimeSlot());
    this.#startedAt = clock.now();
  }

  /** Notes a value, 0 or more. */
  add(value: number): void {
    const epoch = this.#epoch();
    const slot = this.#slots[epoch % this.#slots.length] as TimeSlot;
    if (slot.epoch !== epoch) slot.begin(epoch);
    slot.add(value);
  }

  summary(): WindowSummary {
    const all = new TimeSlot();
    const oldest = this.#epoch() - this.#slots.length;
    for (const slot of this.#slots) if (slot.epoch > oldest) all.merge(slot);
    const { count, sum } = all;
    return {
      count,
      ratePerSecond: (count / this.#coveredMs()) * 1_000,
      mean: count === 0 ? 0 : sum / count,
      min: count === 0 ? 0 : all.min,
      max: all.max,
      p50: all.percentile(0.5),
      p90: all.percentile(0.9),
      p99: all.percentile(0.99),
    };
  }

  #epoch(): number {
    return Math.floor((this.#clock.now() - this.#startedAt) / this.#slotMs);
  }

  /** The part of the window that has been: less at the start, and the newest slot has only begun. */
  #coveredMs(): number {
    const sinceStart = this.#clock.now() - this.#startedAt;
    const inNewest = sinceStart % this.#slotMs;
    const whole = (this.#slots.length - 1) * this.#slotMs + inNewest;
    return Math.max(1, Math.min(sinceStart, whole));
  }
}
