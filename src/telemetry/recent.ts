/** What the last values come to; all 0 if there are none. */
export interface RecentSummary {
  count: number;
  avg: number;
  min: number;
  max: number;
  std: number;
  med: number;
  last: number;
}

/** The last thousand values, or as many as `size` says. A record is one store; sums are made when asked for. */
export class Recent {
  readonly #values: Float64Array;
  #next = 0;
  #count = 0;

  constructor(size: number = 1_000) {
    this.#values = new Float64Array(size);
  }

  /** How many were ever recorded. */
  get total(): number {
    return this.#count;
  }

  record(value: number): void {
    this.#values[this.#next] = value;
    this.#next = this.#next + 1 === this.#values.length ? 0 : this.#next + 1;
    this.#count++;
  }

  summary(): RecentSummary {
    const count = Math.min(this.#count, this.#values.length);
    if (count === 0) return { count, avg: 0, min: 0, max: 0, std: 0, med: 0, last: 0 };
    const sorted = this.#values.slice(0, count).sort();
    const avg = sorted.reduce((sum, value) => sum + value, 0) / count;
    const variance = sorted.reduce((sum, value) => sum + (value - avg) ** 2, 0) / count;
    const middle = count >> 1;
    const upper = sorted[middle] as number;
    const med = count % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
    const last = this.#values.at(this.#next - 1) as number;
    const [min, max] = [sorted[0] as number, sorted[count - 1] as number];
    return { count, avg, min, max, std: Math.sqrt(variance), med, last };
  }
}
