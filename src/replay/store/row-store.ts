import { inputFault } from "../faults.ts";
import { type Column, type ColumnData, makeColumn } from "./column.ts";
import { RowSnapshot } from "./row-snapshot.ts";
import { type ColumnPlan, plansOf, type Schema } from "./schema.ts";

/** What a store knows besides the rows themselves. */
export interface RowStoreState {
  /** Rows that were ever used. */
  rows: number;
  /** Rows to use again, in this order. */
  free: Int32Array;
  /** The row of the next step of each row's sequence, or -1; empty where nothing is linked. */
  next: Int32Array;
}

const NONE = -1;
const NO_LINKS = new Int32Array();

/**
 * Steps in rows of columns. A row lives as long as somebody counts on it (`retain`, `release`), and may be followed by
 * the next step of its sequence, so that windows which overlap share their rows. What was let go of stays readable
 * until `settle()`.
 */
export class RowStore {
  readonly columns: readonly Column[];
  readonly #onRelease: ((row: number) => void) | undefined;
  readonly #isForgetful: boolean;
  readonly #snapshots = new Set<RowSnapshot>();
  #references = new Int32Array(0);
  #next: Int32Array = NO_LINKS;
  /** Rows to use again: a ring, so that they come back in the order in which they were used, side by side. */
  #free = new Int32Array(1);
  #freeHead = 0;
  #freeCount = 0;
  #rows = 0;
  #released: number[] = [];

  constructor(schema: Schema, expectedRows: number, onRelease?: (row: number) => void) {
    this.columns = plansOf(schema).map((plan) => makeColumn(plan, expectedRows));
    this.#onRelease = onRelease;
    this.#isForgetful =
      onRelease !== undefined || this.columns.some(({ plan }) => plan.dtype === "object");
  }

  get plans(): ColumnPlan[] {
    return this.columns.map(({ plan }) => plan);
  }

  /** Rows that were ever used. */
  get rows(): number {
    return this.#rows;
  }

  /** Rows that somebody counts on. */
  get used(): number {
    return this.#rows - this.#freeCount;
  }

  get rowBytes(): number {
    return this.columns.reduce((bytes, column) => bytes + column.rowBytes, 0);
  }

  /** How many steps are in these columns; `usage.invalid-input` where one is missing, too much, or of another length. */
  countOf(data: Readonly<Record<string, unknown>>): number {
    const names = Object.keys(data);
    const unknown = names.find((name) => !this.columns.some(({ plan }) => plan.name === name));
    if (unknown !== undefined) throw inputFault(`Cannot store column "${unknown}": no such column`);
    const counts = this.columns.map((column) => column.countOf(data[column.plan.name]));
    const [count = 0] = counts;
    const odd = counts.findIndex((other) => other !== count);
    if (odd === -1) return count;
    const [first, other] = [this.columns[0], this.columns[odd]];
    throw inputFault(
      `Cannot store columns of different lengths: "${first?.plan.name}" has ${count} steps, "${other?.plan.name}" ${counts[odd]}`,
    );
  }

  /** Takes a row for each of `count` steps, from `at` on, and writes them. Nobody counts on them yet. */
  add(data: Readonly<Record<string, unknown>>, at: number, count: number): Int32Array {
    const rows = this.#allocate(count);
    for (let start = 0; start < count;) {
      const first = rows[start] as number;
      let end = start + 1;
      while (end < count && rows[end] === first + end - start) end++;
      this.#announce(first, end - start);
      for (const column of this.columns) {
        column.write(first, end - start, { data: data[column.plan.name], at: at + start });
      }
      start = end;
    }
    return rows;
  }

  /** Makes each of these rows the step before the one behind it. */
  link(rows: Int32Array): void {
    if (this.#next.length === 0) this.#next = new Int32Array(this.#references.length).fill(NONE);
    for (let at = 1; at < rows.length; at++)
      this.#next[rows[at - 1] as number] = rows[at] as number;
  }

  /** Counts on `length` steps from this row on. */
  retain(row: number, length = 1): void {
    this.#references[row] = (this.#references[row] as number) + 1;
    for (let left = length - 1; left > 0; left--) {
      row = this.#next[row] as number;
      this.#references[row] = (this.#references[row] as number) + 1;
    }
  }

  /** Counts on one step at each of these rows. */
  retainAll(rows: Int32Array): void {
    const references = this.#references;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      references[row] = (references[row] as number) + 1;
    }
  }

  release(row: number, length = 1): void {
    for (let left = length; left > 0; left--) {
      const next = left > 1 ? (this.#next[row] as number) : NONE;
      const references = (this.#references[row] as number) - 1;
      this.#references[row] = references;
      if (references === 0) this.#giveBack(row);
      row = next;
    }
  }

  /** Writes the rows of `length` steps from each head on into `out`, `unroll` for each; -1 where there is none. */
  unroll(
    heads: Int32Array,
    lengths: Int32Array,
    { unroll, out }: { unroll: number; out: Int32Array },
  ): void {
    let to = 0;
    for (let at = 0; at < heads.length; at++) {
      let row = heads[at] as number;
      const length = lengths[at] as number;
      for (let step = 0; step < unroll; step++) {
        out[to++] = step < length ? row : NONE;
        if (step + 1 < length) row = this.#next[row] as number;
      }
    }
  }

  /** What was let go of is forgotten now, and told to whom it concerns. */
  settle(): void {
    if (this.#released.length === 0) return;
    const released = this.#released;
    this.#released = [];
    for (const row of released) {
      try {
        this.#onRelease?.(row);
      } catch (thrown) {
        // It is not for who happens to insert or sample now: both go on.
        queueMicrotask(() => {
          throw thrown;
        });
      }
      this.#announce(row, 1);
      for (const column of this.columns) column.forget(row);
    }
  }

  stateDict(): RowStoreState {
    this.settle();
    const free = new Int32Array(this.#freeCount);
    for (let at = 0; at < free.length; at++) {
      free[at] = this.#free[(this.#freeHead + at) & (this.#free.length - 1)] as number;
    }
    return { rows: this.#rows, free, next: this.#next.slice(0, this.#rows) };
  }

  /** The rows as they are now, to be read bit by bit while the store goes on. Dispose of it. */
  snapshot(): RowSnapshot {
    this.settle();
    const snapshot = new RowSnapshot(this, () => this.#snapshots.delete(snapshot));
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  /** Takes another's rows; nobody counts on any until `retain()`, and `collect()` frees those that stay so. */
  loadStateDict({ rows }: Pick<RowStoreState, "rows">): void {
    this.#rows = 0;
    this.#freeCount = 0;
    this.#freeHead = 0;
    this.#released = [];
    this.#next = NO_LINKS;
    this.#grow(rows);
    this.#rows = rows;
    this.#references.fill(0);
  }

  /** After `loadStateDict()`: which rows are free, and which follow which. */
  loadLinks({ free, next }: RowStoreState): void {
    if (next.length > 0) {
      this.#next = new Int32Array(this.#references.length).fill(NONE);
      this.#next.set(next);
    }
    for (const row of free) this.#pushFree(row);
  }

  /** Writes rows that were saved. */
  loadRows(from: number, count: number, data: Readonly<Record<string, unknown>>): void {
    for (const column of this.columns) {
      column.write(from, count, { data: data[column.plan.name], at: 0 });
    }
  }

  /** Are `length` steps from this row on all marked in `isThere`? */
  covers(row: number, length: number, isThere: Uint8Array): boolean {
    for (let left = length; left > 0; left--) {
      if (isThere[row] !== 1) return false;
      if (left > 1) row = this.#next[row] as number;
    }
    return true;
  }

  /** Frees all rows that nobody counts on. */
  collect(): void {
    const isFree = new Uint8Array(this.#rows);
    const { free } = this.stateDict();
    const isSound = free.every((row) => {
      return this.#references[row] === 0 && isFree[row] === 0 && (isFree[row] = 1);
    });
    if (!isSound) {
      isFree.fill(0);
      this.#freeCount = 0;
    }
    for (let row = 0; row < this.#rows; row++) {
      if (this.#references[row] === 0 && isFree[row] === 0) this.#giveBack(row);
    }
  }

  #giveBack(row: number): void {
    this.#pushFree(row); // its link stays: who has just drawn it still follows it
    if (this.#isForgetful) this.#released.push(row);
  }

  #allocate(count: number): Int32Array {
    this.settle();
    const rows = new Int32Array(count);
    const mask = this.#free.length - 1;
    const again = Math.min(count, this.#freeCount);
    for (let at = 0; at < again; at++) {
      rows[at] = this.#free[(this.#freeHead + at) & mask] as number;
    }
    this.#freeHead = (this.#freeHead + again) & mask;
    this.#freeCount -= again;
    if (again < count) {
      this.#grow(this.#rows + count - again);
      for (let at = again; at < count; at++) rows[at] = this.#rows++;
    }
    return rows;
  }

  #grow(rows: number): void {
    for (const column of this.columns) column.grow(rows);
    if (rows <= this.#references.length) return;
    const capacity = 2 ** Math.ceil(Math.log2(rows));
    const references = new Int32Array(capacity);
    references.set(this.#references);
    this.#references = references;
    if (this.#next.length === 0) return;
    const next = new Int32Array(capacity).fill(NONE);
    next.set(this.#next);
    this.#next = next;
  }

  #pushFree(row: number): void {
    if (this.#freeCount === this.#free.length) {
      const free = new Int32Array(2 * this.#free.length);
      free.set(this.#free.subarray(this.#freeHead));
      free.set(this.#free.subarray(0, this.#freeHead), this.#free.length - this.#freeHead);
      this.#free = free;
      this.#freeHead = 0;
    }
    this.#free[(this.#freeHead + this.#freeCount++) & (this.#free.length - 1)] = row;
  }

  #announce(row: number, count: number): void {
    for (const snapshot of this.#snapshots) snapshot.keep(row, row + count);
  }
}

/** Empty places for so many steps, by column. */
export function makePlaces(store: RowStore, steps: number): Record<string, ColumnData> {
  return Object.fromEntries(store.columns.map((column) => [column.plan.name, column.make(steps)]));
}

/** Copies rows into places of `makePlaces()`. */
export function gatherRows(
  store: RowStore,
  rows: Int32Array,
  places: Record<string, ColumnData>,
): void {
  for (const column of store.columns) {
    column.gather(rows, rows.length, places[column.plan.name] as ColumnData);
  }
}
