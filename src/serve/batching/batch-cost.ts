const KEPT = 9;
/** A size that was not seen for so many batches counts half, but never less than this: it still tells the slope. */
const HALF_LIFE = 256;
const LEAST_WEIGHT = 1 / 256;

/** The last few batches of about one size. */
interface Bucket {
  rows: number[];
  ms: number[];
  at: number;
  /** How long the batches take in the middle, so that one that was held up says nothing; their middle size. */
  middleMs: number;
  meanRows: number;
}

/**
 * What a batch of n items costs, a·n + b, learned from those that have run: the middle of the last nine of
 * about each size (1, 2, 3–4, 5–8 …), and the line through these.
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
    const index = Math.ceil(Math.log2(rows));
    const bucket = (this.#buckets[index] ??= { rows: [], ms: [], at: 0, middleMs: 0, meanRows: 0 });
    bucket.rows.push(rows);
    bucket.ms.push(ms);
    if (bucket.ms.length > KEPT) {
      bucket.rows.shift();
      bucket.ms.shift();
    }
    bucket.at = this.#batches;
    bucket.middleMs = middleOf(bucket.ms);
    bucket.meanRows = bucket.rows.reduce((sum, each) => sum + each, 0) / bucket.rows.length;
    this.#fit();
  }

  /** The weighted least squares; neither part is ever negative. */
  #fit(): void {
    let [weights, rows, ms, squares, products] = [0, 0, 0, 0, 0];
    for (const bucket of this.#buckets) {
      if (!bucket) continue;
      const freshness = 2 ** ((bucket.at - this.#batches) / HALF_LIFE);
      const weight = bucket.ms.length * Math.max(freshness, LEAST_WEIGHT);
      weights += weight;
      rows += weight * bucket.meanRows;
      ms += weight * bucket.middleMs;
      squares += weight * bucket.meanRows ** 2;
      products += weight * bucket.meanRows * bucket.middleMs;
    }
    const spread = squares - rows ** 2 / weights;
    // One size says nothing of the slope: then all of it is fixed.
    const slope = spread > 1e-9 * squares ? (products - (rows * ms) / weights) / spread : 0;
    this.#perRowMs = Math.min(Math.max(slope, 0), products / squares);
    this.#fixedMs = Math.max((ms - this.#perRowMs * rows) / weights, 0);
  }
}

function middleOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort(); // without a function that compares
  return sorted[sorted.length >> 1] ?? 0;
}
