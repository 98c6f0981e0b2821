const KEPT = 9;
/** A size that was not seen for so many batches counts half, but never less than this: it still tells the slope. */
const HALF_LIFE = 256;
const LEAST_WEIGHT = 1 / 256;

const sorted = new Float64Array(KEPT);

/** The last few batches of about one size. */
class Bucket {
  at = 0;
  count = 0;
  /** The median time, so that one batch that was held up says nothing. */
  medianMs = 0;
  meanRows = 0;
  readonly #rows = new Float64Array(KEPT);
  readonly #ms = new Float64Array(KEPT);
  #newest = 0;

  add(rows: number, ms: number): void {
    this.#rows[this.#newest] = rows;
    this.#ms[this.#newest] = ms;
    this.#newest = (this.#newest + 1) % KEPT;
    this.count = Math.min(this.count + 1, KEPT);
    this.meanRows = this.#sumOfRows() / this.count;
    this.medianMs = this.#median();
  }

  #sumOfRows(): number {
    let sum = 0;
    for (let index = 0; index < this.count; index++) sum += this.#rows[index] as number;
    return sum;
  }

  /** By insertion: for so few that takes less than a call that sorts. */
  #median(): number {
    for (let index = 0; index < this.count; index++) {
      const ms = this.#ms[index] as number;
      let at = index;
      for (; at > 0 && (sorted[at - 1] as number) > ms; at--) sorted[at] = sorted[at - 1] as number;
      sorted[at] = ms;
    }
    return sorted[this.count >> 1] as number;
  }
}

/**
 * What a batch of n items costs in milliseconds, a·n + b, learned from those that have run: the median of the last
 * nine of about each size (1, 2, 3–4, 5–8 …), and the line through these by weighted least squares.
 */
export class BatchCost {
  readonly #buckets: (Bucket | undefined)[] = [];
  #batches = 0;
  #perRowMs = 0;
  #fixedMs = 0;

  /** Has any batch run? Before, all costs are 0. */
  get isKnown(): boolean {
    return this.#batches > 0;
  }

  get perRowMs(): number {
    return this.#perRowMs;
  }

  get fixedMs(): number {
    return this.#fixedMs;
  }

  /** How long a batch of so many items is expected to take. */
  of(rows: number): number {
    return this.#fixedMs + this.#perRowMs * rows;
  }

  learn(rows: number, ms: number): void {
    if (!(rows > 0) || !(ms >= 0)) return;
    this.#batches += 1;
    const index = rows <= 1 ? 0 : 32 - Math.clz32(Math.ceil(rows) - 1);
    const bucket = (this.#buckets[index] ??= new Bucket());
    bucket.add(rows, ms);
    bucket.at = this.#batches;
    this.#fit();
  }

  /** Neither part is ever negative; newer sizes weigh more. */
  #fit(): void {
    let [weights, rows, ms, squares, products] = [0, 0, 0, 0, 0];
    for (const bucket of this.#buckets) {
      if (!bucket) continue;
      const freshness = 2 ** ((bucket.at - this.#batches) / HALF_LIFE);
      const weight = bucket.count * Math.max(freshness, LEAST_WEIGHT);
      weights += weight;
      rows += weight * bucket.meanRows;
      ms += weight * bucket.medianMs;
      squares += weight * bucket.meanRows ** 2;
      products += weight * bucket.meanRows * bucket.medianMs;
    }
    const spread = squares - rows ** 2 / weights;
    // One size says nothing of the slope: then all of it is fixed.
    const slope = spread > 1e-9 * squares ? (products - (rows * ms) / weights) / spread : 0;
    this.#perRowMs = Math.min(Math.max(slope, 0), products / squares);
    this.#fixedMs = Math.max((ms - this.#perRowMs * rows) / weights, 0);
  }
}
