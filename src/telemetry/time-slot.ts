/** Eight buckets for each doubling, from a millionth to about 10^12. */
const PER_DOUBLING = 8;
const LOWEST = 2 ** -20;
const BUCKETS = 60 * PER_DOUBLING;

/** The values of a stretch of time, in buckets of rising width. */
export class TimeSlot {
  epoch = -1;
  count = 0;
  sum = 0;
  min = Infinity;
  max = 0;
  readonly #buckets = new Uint32Array(BUCKETS);

  /** Forgets all, to hold the values of another stretch. */
  begin(epoch: number): void {
    this.epoch = epoch;
    this.count = 0;
    this.sum = 0;
    this.min = Infinity;
    this.max = 0;
    this.#buckets.fill(0);
  }

  add(value: number): void {
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    const bucket = bucketOf(value);
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
  }

  merge(other: TimeSlot): void {
    this.count += other.count;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    for (const [bucket, count] of other.#buckets.entries()) {
      this.#buckets[bucket] = (this.#buckets[bucket] as number) + count;
    }
  }

  /** The value that this share of all values does not exceed. */
  percentile(share: number): number {
    let left = Math.ceil(this.count * share);
    if (left === 0) return 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      left -= count;
      if (left <= 0) return Math.min(this.max, Math.max(this.min, middleOf(bucket)));
    }
    return this.max;
  }
}

function bucketOf(value: number): number {
  if (!(value > LOWEST)) return 0;
  return Math.min(BUCKETS - 1, Math.floor(Math.log2(value / LOWEST) * PER_DOUBLING));
}

function middleOf(bucket: number): number {
  return LOWEST * 2 ** ((bucket + 0.5) / PER_DOUBLING);
}
