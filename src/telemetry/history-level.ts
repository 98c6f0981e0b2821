import { LogHistogram } from "./log-histogram.ts";

/** What is kept, by name. */
export interface HistoryShape {
  counts: readonly string[];
  gauges: readonly string[];
  spreads: readonly string[];
}

/** What was measured in one step; the names are those of the shape. */
export interface HistorySample {
  /** When the step ended; on a clock that does not jump back. */
  atMs: number;
  /** How long it was. */
  ms: number;
  /** How many in this step; kept as so many a second. */
  counts: Readonly<Record<string, number>>;
  /** Kept as their mean over time; NaN where nothing was measured. */
  gauges: Readonly<Record<string, number>>;
  /** Read at once, not kept. */
  spreads: Readonly<Record<string, LogHistogram>>;
}

/** The parts of a spread that are kept. */
const SPREAD_PARTS = [0.5, 0.95, 0.99];
const SPREAD_NAMES = ["p50", "p95", "p99"];

/** The names of what a row holds after its time. */
export function columnsOf({ counts, gauges, spreads }: HistoryShape): string[] {
  const parts = spreads.flatMap((name) => SPREAD_NAMES.map((part) => `${name}.${part}`));
  return [...counts, ...gauges, ...parts];
}

/** A step's end, and a value for each column; NaN where nothing was measured. */
export type HistoryRow = readonly number[];

/** Steps of one length, the last `keep` of them. */
export class HistoryLevel {
  readonly everyMs: number;
  readonly #shape: HistoryShape;
  readonly #keep: number;
  readonly #rows: HistoryRow[] = [];
  readonly #counts: number[];
  readonly #gauges: { sum: number; ms: number }[];
  readonly #spreads: LogHistogram[];
  #next = 0;
  #ms = 0;

  constructor(shape: HistoryShape, { everyMs, keep }: { everyMs: number; keep: number }) {
    this.everyMs = everyMs;
    this.#shape = shape;
    this.#keep = keep;
    this.#counts = shape.counts.map(() => 0);
    this.#gauges = shape.gauges.map(() => ({ sum: 0, ms: 0 }));
    this.#spreads = shape.spreads.map(() => new LogHistogram());
  }

  /** Adds a step; those that belong together become a row. */
  push(sample: HistorySample): void {
    for (const [index, name] of this.#shape.counts.entries()) {
      this.#counts[index] = (this.#counts[index] as number) + (sample.counts[name] ?? 0);
    }
    for (const [index, name] of this.#shape.gauges.entries()) {
      const value = sample.gauges[name] ?? Number.NaN;
      const gauge = this.#gauges[index];
      if (!gauge || Number.isNaN(value)) continue;
      gauge.sum += value * sample.ms;
      gauge.ms += sample.ms;
    }
    for (const [index, name] of this.#shape.spreads.entries()) {
      const spread = sample.spreads[name];
      if (spread) this.#spreads[index]?.add(spread);
    }
    this.#ms += sample.ms;
    // Steps are never quite as long as they should be.
    if (this.#ms + sample.ms / 2 >= this.everyMs) this.#close(sample.atMs);
  }

  /** Rows that ended after `sinceMs`, and not after `untilMs`, the oldest first. */
  read(sinceMs: number, untilMs: number): HistoryRow[] {
    const rows = [...this.#rows.slice(this.#next), ...this.#rows.slice(0, this.#next)];
    return rows.filter(([atMs = 0]) => atMs > sinceMs && atMs <= untilMs);
  }

  #close(atMs: number): void {
    const seconds = this.#ms / 1_000;
    this.#rows[this.#next] = [
      atMs,
      ...this.#counts.map((count) => count / seconds),
      ...this.#gauges.map(({ sum, ms }) => (ms === 0 ? Number.NaN : sum / ms)),
      ...this.#spreads.flatMap((spread) => spread.quantiles(SPREAD_PARTS)),
    ];
    this.#next = (this.#next + 1) % this.#keep;
    this.#ms = 0;
    this.#counts.fill(0);
    for (const gauge of this.#gauges) gauge.sum = gauge.ms = 0;
    for (const spread of this.#spreads) spread.reset();
  }
}
