/** When workers are added and let go. */
export interface ScaleOptions {
  /** How many may be added. */
  readonly most: number;
  /** The part of their time that workers are busy from which one more is wanted; the ancestor's 0.95. */
  readonly busyThreshold: number;
  /** How long they must be that busy before one is added. */
  readonly expandMs: number;
  /** How long it must be calm before an added one is let go. */
  readonly squeezeMs: number;
  /** So long an added worker may take until it is there; default 300,000. */
  readonly startMs?: number;
}

/** How busy the workers are. */
export interface LoadSample {
  readonly now: number;
  /** How many run a batch, or on average since the last sample. */
  readonly busy: number;
  /** How many are ready. */
  readonly workers: number;
  /** Items that wait. */
  readonly queued: number;
}

const START_MS = 300_000;
/** It is calm when one worker less would be busy for no more than this part of the threshold: else it would be wanted back. */
const CALM = 0.8;
const SLOWEST_MS = 1_000;
const FASTEST_MS = 50;
const SAMPLES = 20;

/** How often samples are wanted. */
export function sampleEveryMs({ expandMs, squeezeMs }: ScaleOptions): number {
  const everyMs = Math.min(expandMs, squeezeMs) / SAMPLES;
  return Math.min(Math.max(everyMs, FASTEST_MS), SLOWEST_MS);
}

/**
 * Decides when a model gets one worker more or less, from samples of its load; pure, and one step at a time:
 * after each step it looks at what comes of it for as long as before.
 */
export class ScalePolicy {
  readonly #options: ScaleOptions;
  readonly #busy: SlidingMean;
  readonly #calm: SlidingMean;
  #extra = 0;
  /** A worker that was asked for: not there before so many are. */
  #awaited: { workers: number; untilMs: number } | undefined;

  constructor(options: ScaleOptions) {
    this.#options = options;
    this.#busy = new SlidingMean(options.expandMs);
    this.#calm = new SlidingMean(options.squeezeMs);
  }

  /** How many it has added. */
  get extra(): number {
    return this.#extra;
  }

  /** 1: add a worker; -1: let one go; 0: leave it. */
  next({ now, busy, workers, queued }: LoadSample): 1 | 0 | -1 {
    if (workers < 1 || this.#isAwaiting(now, workers)) return 0;
    const { busyThreshold, most } = this.#options;
    // Whoever has work waiting is between two batches, not idle.
    const atWork = queued > 0 ? workers : Math.min(busy, workers);
    this.#busy.add(now, atWork / workers);
    this.#calm.add(now, workers > 1 ? atWork / (workers - 1) : 1);
    if (this.#extra < most && this.#busy.mean >= busyThreshold) {
      const untilMs = now + (this.#options.startMs ?? START_MS);
      this.#awaited = { workers: workers + 1, untilMs };
      return this.#step(1);
    }
    const isCalm = queued === 0 && this.#calm.mean < CALM * busyThreshold;
    return this.#extra > 0 && isCalm ? this.#step(-1) : 0;
  }

  /** The worker that was asked for does not come. */
  failed(): void {
    if (!this.#awaited) return;
    this.#awaited = undefined;
    this.#step(-1);
  }

  /** All that it has added is gone: the model was loaded anew. */
  reset(): void {
    this.#extra = 0;
    this.#awaited = undefined;
    this.#busy.clear();
    this.#calm.clear();
  }

  #step(by: 1 | -1): 1 | -1 {
    this.#extra += by;
    this.#busy.clear();
    this.#calm.clear();
    return by;
  }

  #isAwaiting(now: number, workers: number): boolean {
    const awaited = this.#awaited;
    if (!awaited) return false;
    if (workers < awaited.workers && now < awaited.untilMs) return true;
    this.#awaited = undefined;
    return false;
  }
}

const SLICES = 60;

interface Slice {
  readonly fromMs: number;
  sum: number;
  ms: number;
}

/** The mean over the last `windowMs`, each sample counted for the time since the one before. */
class SlidingMean {
  readonly #windowMs: number;
  #slices: Slice[] = [];
  #last: { now: number; value: number } | undefined;
  #sinceMs = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Not a number until the window is full. */
  get mean(): number {
    const last = this.#last;
    if (!last || last.now - this.#sinceMs < this.#windowMs) return Number.NaN;
    const ms = this.#slices.reduce((total, slice) => total + slice.ms, 0);
    const sum = this.#slices.reduce((total, slice) => total + slice.sum, 0);
    return ms > 0 ? sum / ms : last.value;
  }

  add(now: number, value: number): void {
    const last = this.#last;
    this.#last = { now, value };
    if (!last) {
      this.#sinceMs = now;
      return;
    }
    let slice = this.#slices.at(-1);
    if (!slice || last.now - slice.fromMs >= this.#windowMs / SLICES) {
      slice = { fromMs: last.now, sum: 0, ms: 0 };
      this.#slices.push(slice);
    }
    const ms = now - last.now;
    slice.sum += value * ms;
    slice.ms += ms;
    const startMs = now - this.#windowMs;
    while (this.#slices[0] && this.#slices[0].fromMs + this.#slices[0].ms <= startMs) {
      this.#slices.shift();
    }
  }

  clear(): void {
    this.#slices = [];
    this.#last = undefined;
  }
}
