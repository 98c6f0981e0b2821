import { checkCount, optionFault } from "../faults.ts";

/** Reverb's four numbers. */
export interface RateLimiterOptions {
  /** How often an item is sampled, on average; more than 0. */
  samplesPerInsert: number;
  /** Nothing is sampled from fewer items; 1 or more. */
  minSizeToSample: number;
  /** `inserts · samplesPerInsert − samples` stays at or above this: samples wait. */
  minDiff: number;
  /** … and at or below this: inserts wait. */
  maxDiff: number;
}

/** What has been counted. */
export interface RateLimiterState {
  inserts: number;
  samples: number;
  deletes: number;
}

/** Samples wait until there are `size` items; nothing else waits. */
export function minSize(size: number): RateLimiterOptions {
  return { samplesPerInsert: 1, minSizeToSample: size, minDiff: -Infinity, maxDiff: Infinity };
}

/** Inserts wait at `size` items that were not sampled, samples wait without any; for tables with `maxUse: 1`. */
export function queueLimit(size: number): RateLimiterOptions {
  return { samplesPerInsert: 1, minSizeToSample: 1, minDiff: 0, maxDiff: size };
}

/** What a ratio of samples to inserts is held by. */
export interface SampleToInsertRatioOptions {
  samplesPerInsert: number;
  minSizeToSample: number;
  /** How far off the ratio may be, in samples: this much to both sides, or from … to …. */
  errorBuffer: number | readonly [minDiff: number, maxDiff: number];
}

/** Each item is sampled so often, within a tolerance; refuses (`usage.invalid-option`) a tolerance that blocks for ever. */
export function sampleToInsertRatio(options: SampleToInsertRatioOptions): RateLimiterOptions {
  const { samplesPerInsert, minSizeToSample, errorBuffer } = options;
  const centre = samplesPerInsert * minSizeToSample;
  const [minDiff, maxDiff] =
    typeof errorBuffer === "number"
      ? [centre - errorBuffer, centre + errorBuffer]
      : [errorBuffer?.[0], errorBuffer?.[1]];
  if (typeof minDiff !== "number" || typeof maxDiff !== "number") {
    throw optionFault("limiter.errorBuffer", "it is neither a number nor two");
  }
  const numbers = { samplesPerInsert, minSizeToSample, minDiff, maxDiff };
  const least = 2 * Math.max(1, samplesPerInsert);
  if (maxDiff - minDiff < least) {
    throw optionFault(
      "limiter.errorBuffer",
      `a range of ${maxDiff - minDiff} could block all samples or inserts`,
      `Let it span ${least} or more: 2 · max(1, samplesPerInsert).`,
    );
  }
  checkRateLimiter("limiter", numbers);
  return numbers;
}

/** Refuses four numbers with which samples and inserts would wait for each other; `path` is where they were set. */
export function checkRateLimiter(path: string, numbers: RateLimiterOptions): void {
  const { samplesPerInsert, minSizeToSample, minDiff, maxDiff } = numbers;
  if (!(samplesPerInsert > 0 && samplesPerInsert < Infinity)) {
    throw optionFault(`${path}.samplesPerInsert`, `${samplesPerInsert} is not a number above 0`);
  }
  checkCount(`${path}.minSizeToSample`, minSizeToSample);
  if (Number.isNaN(minDiff) || minDiff === Infinity) {
    throw optionFault(`${path}.minDiff`, `${minDiff} would block all samples`);
  }
  if (Number.isNaN(maxDiff) || maxDiff === -Infinity) {
    throw optionFault(`${path}.maxDiff`, `${maxDiff} would block all inserts`);
  }
  const centre = samplesPerInsert * minSizeToSample;
  if (maxDiff < centre) {
    throw optionFault(
      `${path}.maxDiff`,
      `${maxDiff} is below samplesPerInsert · minSizeToSample, ${centre}: a deadlock as soon as minSizeToSample items are in`,
    );
  }
  if (minDiff > centre) {
    throw optionFault(
      `${path}.minDiff`,
      `${minDiff} is above samplesPerInsert · minSizeToSample, ${centre}: a deadlock as soon as minSizeToSample items are in`,
    );
  }
  if (largestSampleOf(numbers) < 1) {
    throw optionFault(
      `${path}.maxDiff`,
      `a range from ${minDiff} to ${maxDiff} could block all samples and inserts at once`,
    );
  }
}

/** How many may be sampled at once without samples and inserts ever waiting for each other. */
export function largestSampleOf(numbers: RateLimiterOptions): number {
  const { samplesPerInsert, minDiff, maxDiff } = numbers;
  if (maxDiff === Infinity || minDiff === -Infinity) return Infinity;
  // Inserts wait from here on: whole steps get one further than broken ones surely do.
  const inserted = maxDiff - samplesPerInsert;
  const reached = Number.isInteger(samplesPerInsert) ? Math.floor(inserted) + 1 : inserted;
  return Math.floor(reached - minDiff);
}

/** Reverb's rate limiter: counts, and says what may happen now. Pure; who waits, waits elsewhere. */
export class RateLimiter {
  readonly options: Readonly<RateLimiterOptions>;
  #inserts = 0;
  #samples = 0;
  #deletes = 0;

  /** `usage.invalid-option` for numbers that deadlock. */
  constructor(options: RateLimiterOptions, path = "limiter") {
    checkRateLimiter(path, options);
    this.options = options;
  }

  /** Items that are in. */
  get size(): number {
    return this.#inserts - this.#deletes;
  }

  /** `inserts · samplesPerInsert − samples`: what is held between minDiff and maxDiff. */
  get diff(): number {
    return this.#inserts * this.options.samplesPerInsert - this.#samples;
  }

  canInsert(count = 1): boolean {
    const { minSizeToSample, samplesPerInsert, maxDiff } = this.options;
    if (this.size + count <= minSizeToSample) return true;
    return (this.#inserts + count) * samplesPerInsert - this.#samples <= maxDiff;
  }

  canSample(count = 1): boolean {
    const { minSizeToSample, minDiff } = this.options;
    return this.size >= minSizeToSample && this.diff - count >= minDiff;
  }

  /** How many may be inserted now, up to `count`. */
  insertable(count: number): number {
    if (this.canInsert(count)) return count;
    const { minSizeToSample, samplesPerInsert, maxDiff } = this.options;
    const byRatio = Math.floor((maxDiff + this.#samples) / samplesPerInsert) - this.#inserts;
    let most = Math.min(count, Math.max(0, minSizeToSample - this.size, byRatio));
    while (most > 0 && !this.canInsert(most)) most--; // the division may have been rounded up
    return most;
  }

  insert(count = 1): void {
    this.#inserts += count;
  }

  sample(count = 1): void {
    this.#samples += count;
  }

  delete(count = 1): void {
    this.#deletes += count;
  }

  stateDict(): RateLimiterState {
    return { inserts: this.#inserts, samples: this.#samples, deletes: this.#deletes };
  }

  loadStateDict({ inserts, samples, deletes }: RateLimiterState): void {
    this.#inserts = inserts;
    this.#samples = samples;
    this.#deletes = deletes;
  }
}
