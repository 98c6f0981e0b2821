import type { Table } from "./table.ts";
import type { TableCounts } from "./table-state.ts";

/** What a table looks like now. */
export interface TableStats extends TableCounts {
  size: number;
  maxSize: number;
  /** Samples per insert so far; 0 before the first insert. */
  samplesPerInsert: number;
  /** The limiter's inserts · samplesPerInsert − samples. */
  diff: number;
  policyVersion: number;
}

/** The same of a table. */
export function statsOf({ counts, size, limiter, settings, policyVersion }: Table): TableStats {
  const samplesPerInsert = counts.inserted === 0 ? 0 : counts.sampled / counts.inserted;
  const { maxSize } = settings;
  return { ...counts, size, maxSize, samplesPerInsert, diff: limiter.diff, policyVersion };
}
