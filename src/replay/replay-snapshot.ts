import type { ItemsPiece } from "./items-snapshot.ts";
import { type ListLengths, type ListSlice, slicesOf, takeLists } from "./long-lists.ts";
import type { RowSnapshot, RowsPart } from "./store/row-snapshot.ts";
import type { RowStore, RowStoreState } from "./store/row-store.ts";
import type { ColumnPlan, NumberArray } from "./store/schema.ts";
import type { Table } from "./table.ts";
import type { TableSnapshot, TableState } from "./table-state.ts";

/** The form of a saved replay. */
export const STATE_VERSION = 2;

/** A piece of a saved replay: plain values and short typed arrays. The head comes first; the order of others does not matter. */
export type ReplayPart =
  | {
      part: "head";
      version: number;
      columns: ColumnPlan[];
      store: RowStoreState;
      lists: ListLengths;
      tables: string[];
    }
  | { part: "table"; table: TableState; lists: ListLengths }
  | ({ part: "items"; table: string } & ItemsPiece)
  /** Of a table, or of the store (null). */
  | ({ part: "list"; table: string | null } & ListSlice)
  | ({ part: "rows" } & RowsPart);

/** What came back. */
export interface Restored {
  /** Items in all tables together. */
  items: number;
  /** Items of which parts were missing. */
  lost: number;
}

/**
 * A replay as it was at one moment. What is small is copied at once, rows and items when they are asked for or change:
 * inserts and samples go on between parts.
 */
export class ReplaySnapshot implements Iterable<ReplayPart>, Disposable {
  readonly #tables: readonly TableSnapshot[];
  readonly #rows: RowSnapshot;
  readonly #first: readonly ReplayPart[];
  readonly #storeLists: Map<string, NumberArray>;
  #isOver = false;

  constructor(store: RowStore, tables: readonly Table[]) {
    this.#rows = store.snapshot();
    this.#tables = tables.map((table) => table.snapshot());
    const { rest, lengths, lists } = takeLists(store.stateDict());
    this.#storeLists = lists;
    this.#first = [
      {
        part: "head",
        version: STATE_VERSION,
        columns: store.plans,
        store: rest,
        lists: lengths,
        tables: tables.map(({ settings }) => settings.name),
      },
    ];
  }

  *[Symbol.iterator](): Generator<ReplayPart> {
    try {
      if (this.#isOver) return;
      for (const head of this.#first) yield head;
      for (const slice of slicesOf(this.#storeLists)) yield { part: "list", table: null, ...slice };
      for (const { state, items } of this.#tables) {
        const table = state.name;
        for (const piece of items) yield { part: "items", table, ...piece };
        const { rest, lengths, lists } = takeLists(state);
        yield { part: "table", table: rest, lists: lengths };
        for (const slice of slicesOf(lists)) yield { part: "list", table, ...slice };
      }
      for (const rows of this.#rows) yield { part: "rows", ...rows };
    } finally {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const table of this.#tables) table[Symbol.dispose]();
    this.#storeLists.clear();
    this.#rows[Symbol.dispose]();
  }
}
