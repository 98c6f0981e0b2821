import type { Labels, Sample } from "./exposition.ts";

/** A number that is counted up, or set; the hot path is one addition. */
export class Cell {
  value = 0;

  add(by: number = 1): void {
    this.value += by;
  }

  set(value: number): void {
    this.value = value;
  }
}

/** Bucket limits in seconds, from a millisecond to a minute. */
export const SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** How values are spread: the number in each bucket, their sum and their count. */
export class HistogramCell {
  readonly #limits: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** The upper limits of the buckets, rising; one for all that is greater is added. */
  constructor(limits: readonly number[]) {
    this.#limits = limits;
    this.#counts = Array.from({ length: limits.length + 1 }, () => 0);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#limits.length && value > (this.#limits[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += value;
  }

  *samples(labels: Labels): Iterable<Sample> {
    let count = 0;
    for (const [bucket, own] of this.#counts.entries()) {
      count += own;
      const le = this.#limits[bucket] ?? "+Inf";
      yield { suffix: "_bucket", labels: { ...labels, le }, value: count };
    }
    yield { suffix: "_sum", labels, value: this.#sum };
    yield { suffix: "_count", labels, value: count };
  }
}

/** A metric with labels: one cell for each set of values. Keep a cell where it is used often. */
export class Family<C> {
  readonly #cells = new Map<string, { labels: Labels; cell: C }>();
  readonly #make: () => C;

  constructor(make: () => C) {
    this.#make = make;
  }

  /** The cell of these labels; made when it is first asked for. */
  with(labels: Labels): C {
    const key = keyOf(labels);
    let found = this.#cells.get(key);
    if (!found) this.#cells.set(key, (found = { labels, cell: this.#make() }));
    return found.cell;
  }

  /** Forgets the cell of these labels, with what it counted. */
  forget(labels: Labels): void {
    this.#cells.delete(keyOf(labels));
  }

  cells(): Iterable<{ labels: Labels; cell: C }> {
    return this.#cells.values();
  }
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
