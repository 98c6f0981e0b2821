import {
  columnsOf,
  HistoryLevel,
  type HistoryRow,
  type HistorySample,
  type HistoryShape,
} from "./history-level.ts";

/** How fine the past is kept: seconds for five minutes, ten seconds for an hour, minutes for a day, then hours for a year. */
const LEVELS = [
  { everyMs: 1_000, keep: 300 },
  { everyMs: 10_000, keep: 360 },
  { everyMs: 60_000, keep: 1_440 },
  { everyMs: 3_600_000, keep: 8_760 },
];

/** The past in columns of one length, the oldest first; null where nothing was measured. */
export interface HistoryRows {
  columns: readonly string[];
  /** The end of each step, on the clock of the samples. */
  atMs: number[];
  /** A list for each column. */
  values: (number | null)[][];
}

/** What was measured since the start, ever coarser the older it is, in memory that has an end. */
export class History {
  readonly columns: readonly string[];
  readonly #levels: readonly HistoryLevel[];

  constructor(shape: HistoryShape) {
    this.columns = columnsOf(shape);
    this.#levels = LEVELS.map((level) => new HistoryLevel(shape, level));
  }

  push(sample: HistorySample): void {
    for (const level of this.#levels) level.push(sample);
  }

  /** All steps that ended after `sinceMs`; without it all since the start. */
  read(sinceMs: number = Number.NEGATIVE_INFINITY): HistoryRows {
    const rows: HistoryRow[] = [];
    let untilMs = Number.POSITIVE_INFINITY;
    for (const level of this.#levels) {
      const found = level.read(sinceMs, untilMs);
      rows.unshift(...found);
      // What is older than the oldest row of this level, only the coarser ones know.
      const oldestMs = found[0]?.[0];
      if (oldestMs !== undefined) untilMs = oldestMs - level.everyMs / 2;
    }
    return {
      columns: this.columns,
      atMs: rows.map(([atMs = 0]) => Math.round(atMs)),
      values: this.columns.map((_, index) => rows.map((row) => shown(row[index + 1]))),
    };
  }
}

/** Five digits are more than a picture shows. */
function shown(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Number(value.toPrecision(5));
}
