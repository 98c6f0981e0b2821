import { type Clock, systemClock } from "../core/clock.ts";

/** Least, mean and most of what was recorded; all 0 without any. */
export interface Spread {
  count: number;
  min: number;
  mean: number;
  max: number;
}

/** What went through in the period before, and what was sampled in it. */
export interface Throughput {
  pushedPerSecond: number;
  sampledPerSecond: number;
  removedPerSecond: number;
  use: Spread;
  priority: Spread;
  staleness: Spread;
}

const NOTHING: Spread = { count: 0, min: 0, mean: 0, max: 0 };

/** The ancestor's monitor: counts by period, and how much was used, how urgent and how old what was sampled. Sets no timer. */
export class ThroughputMonitor {
  readonly #clock: Clock;
  readonly #periodMs: number;
  #since: number;
  #pushed = 0;
  #sampled = 0;
  #removed = 0;
  #use = { ...NOTHING };
  #priority = { ...NOTHING };
  #staleness = { ...NOTHING };
  #last: Throughput;

  /** The ancestor's period is 60 s. */
  constructor(clock: Clock = systemClock, periodMs = 60_000) {
    this.#clock = clock;
    this.#periodMs = periodMs;
    this.#since = clock.now();
    this.#last = this.#take(periodMs);
  }

  /** The last whole period; all 0 before the first has passed. */
  get last(): Throughput {
    this.#turn();
    return this.#last;
  }

  push(count: number): void {
    this.#turn();
    this.#pushed += count;
  }

  remove(count: number): void {
    this.#turn();
    this.#removed += count;
  }

  sample(item: { use: number; priority: number; staleness: number }): void {
    this.#turn();
    this.#sampled++;
    record(this.#use, item.use);
    record(this.#priority, item.priority);
    record(this.#staleness, item.staleness);
  }

  #turn(): void {
    const periods = Math.floor((this.#clock.now() - this.#since) / this.#periodMs);
    if (periods <= 0) return;
    this.#last = this.#take(this.#periodMs);
    if (periods > 1) this.#last = this.#take(this.#periodMs); // nothing came in the last of them
    this.#since += periods * this.#periodMs;
  }

  #take(ms: number): Throughput {
    const seconds = ms / 1000;
    const taken = {
      pushedPerSecond: this.#pushed / seconds,
      sampledPerSecond: this.#sampled / seconds,
      removedPerSecond: this.#removed / seconds,
      use: this.#use,
      priority: this.#priority,
      staleness: this.#staleness,
    };
    this.#pushed = 0;
    this.#sampled = 0;
    this.#removed = 0;
    this.#use = { ...NOTHING };
    this.#priority = { ...NOTHING };
    this.#staleness = { ...NOTHING };
    return taken;
  }
}

function record(spread: Spread, value: number): void {
  spread.min = spread.count === 0 ? value : Math.min(spread.min, value);
  spread.max = spread.count === 0 ? value : Math.max(spread.max, value);
  spread.mean += (value - spread.mean) / ++spread.count;
}
