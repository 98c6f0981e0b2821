import { ObjectColumn } from "./object-column.ts";
import { NumberColumn } from "./number-column.ts";
import type { ColumnPlan, NumberArray } from "./schema.ts";

/** Values of many steps: elements end to end, or a list of any values. */
export type ColumnData = NumberArray | unknown[];

/** One column of a store: rows of the same width. Rows are not checked. */
export interface Column {
  readonly plan: ColumnPlan;
  /** Bytes of a row; 8 for an object, of which nobody knows. */
  readonly rowBytes: number;
  /** Makes room for so many rows. */
  grow: (rows: number) => void;
  /** How many steps `data` holds; `usage.invalid-input` when it is no data for this column. */
  countOf: (data: unknown) => number;
  /** Writes the steps from `at` on into `count` rows from `row` on. */
  write: (row: number, count: number, source: { data: unknown; at: number }) => void;
  /** An empty place for so many steps. */
  make: (steps: number) => ColumnData;
  /** Copies rows into `out`, in their order; a row of -1 becomes zeros, or undefined. */
  gather: (rows: Int32Array, count: number, out: ColumnData) => void;
  /** A copy of the rows from `from` up to but without `to`. */
  copy: (from: number, to: number) => ColumnData;
  /** What lies in a row will not be read again. */
  forget: (row: number) => void;
}

/** Makes an empty column; `expectedRows` saves growing. */
export function makeColumn(plan: ColumnPlan, expectedRows: number): Column {
  return plan.dtype === "object" ? new ObjectColumn(plan) : new NumberColumn(plan, expectedRows);
}
