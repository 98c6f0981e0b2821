import type { Column, ColumnData } from "./column.ts";

/** Some rows of a store, from `from` up to but without `to`. */
export interface RowsPart {
  from: number;
  to: number;
  columns: Record<string, ColumnData>;
}

const PART_BYTES = 4 * 1024 * 1024;
const PART_ROWS = 65_536;

interface Source {
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly rowBytes: number;
}

/**
 * The rows of a store as they were at one moment. A part is copied when it is asked for, or just before the store
 * writes into it: nobody waits for longer than one part takes, and what changes meanwhile does not show.
 */
export class RowSnapshot implements Disposable, Iterable<RowsPart> {
  readonly #columns: readonly Column[];
  readonly #rows: number;
  readonly #rowsPerPart: number;
  readonly #onDispose: () => void;
  readonly #kept = new Map<number, RowsPart>();
  /** Parts before this one were handed out. */
  #at = 0;

  constructor(source: Source, onDispose: () => void) {
    this.#columns = source.columns;
    this.#rows = source.rows;
    const rows = Math.floor(PART_BYTES / source.rowBytes);
    this.#rowsPerPart = Math.max(1, Math.min(PART_ROWS, rows));
    this.#onDispose = onDispose;
  }

  /** These rows change after this: keeps how they were. */
  keep(from: number, to: number): void {
    const first = Math.max(this.#at, Math.floor(from / this.#rowsPerPart));
    const last = Math.floor((Math.min(to, this.#rows) - 1) / this.#rowsPerPart);
    for (let part = first; part <= last; part++) {
      if (!this.#kept.has(part)) this.#kept.set(part, this.#copy(part));
    }
  }

  *[Symbol.iterator](): Generator<RowsPart> {
    while (this.#at * this.#rowsPerPart < this.#rows) {
      const part = this.#kept.get(this.#at) ?? this.#copy(this.#at);
      this.#kept.delete(this.#at++);
      yield part;
    }
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#kept.clear();
    this.#onDispose();
  }

  #copy(part: number): RowsPart {
    const from = part * this.#rowsPerPart;
    const to = Math.min(this.#rows, from + this.#rowsPerPart);
    const columns = Object.fromEntries(
      this.#columns.map((column) => [column.plan.name, column.copy(from, to)]),
    );
    return { from, to, columns };
  }
}
