import { stateFault } from "./faults.ts";
import type { RowSnapshot, RowsPart } from "./store/row-snapshot.ts";
import type { RowStore, RowStoreState } from "./store/row-store.ts";
import type { ColumnPlan } from "./store/schema.ts";
import type { Table, TableState } from "./table.ts";

/** The form of a saved replay. */
export const STATE_VERSION = 1;

/** A piece of a saved replay: plain values and typed arrays. The head comes first; the order of others does not matter. */
export type ReplayPart =
  | { part: "head"; version: number; columns: ColumnPlan[]; store: RowStoreState; tables: string[] }
  | { part: "table"; table: TableState }
  | ({ part: "rows" } & RowsPart);

/** What came back. */
export interface Restored {
  /** Items in all tables together. */
  items: number;
  /** Items whose rows were missing. */
  lost: number;
}

/**
 * A replay as it was at one moment. What is small is copied at once, the rows when they are asked for or change:
 * inserts and samples go on between parts.
 */
export class ReplaySnapshot implements Iterable<ReplayPart>, Disposable {
  readonly #first: ReplayPart[];
  readonly #rows: RowSnapshot;

  constructor(store: RowStore, tables: readonly Table[]) {
    this.#rows = store.snapshot();
    this.#first = [
      {
        part: "head",
        version: STATE_VERSION,
        columns: store.plans,
        store: store.stateDict(),
        tables: tables.map(({ settings }) => settings.name),
      },
      ...tables.map((table) => ({ part: "table" as const, table: table.stateDict() })),
    ];
  }

  *[Symbol.iterator](): Generator<ReplayPart> {
    try {
      for (let part = this.#first.shift(); part; part = this.#first.shift()) yield part;
      for (const rows of this.#rows) yield { part: "rows", ...rows };
    } finally {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#first.length = 0;
    this.#rows[Symbol.dispose]();
  }
}

/** Makes a store and its tables what the parts say; `usage.invalid-input` where these belong to another replay. */
export function restore(
  store: RowStore,
  tables: ReadonlyMap<string, Table>,
  parts: Iterable<ReplayPart>,
): Restored {
  const states = new Map<string, TableState>();
  let isThere: Uint8Array | undefined;
  for (const part of parts) {
    if (part.part === "head") isThere = loadHead(store, tables, part);
    else if (!isThere) throw stateFault("its head is not the first part");
    else if (part.part === "table") states.set(part.table.name, part.table);
    else loadRows(store, part, isThere);
  }
  if (!isThere) throw stateFault("it has no head");
  const there = isThere;
  for (const [name, table] of tables) {
    const state = states.get(name);
    if (!state) throw stateFault(`table "${name}" is missing`);
    table.checkState(state);
  }
  for (const state of states.values()) tables.get(state.name)?.loadStateDict(state);
  // Only when all tables count on their rows: one that they share is freed once.
  let lost = 0;
  for (const table of tables.values()) {
    lost += table.lose((row, length) => store.covers(row, length, there));
  }
  store.collect();
  store.settle();
  return { items: [...tables.values()].reduce((items, { size }) => items + size, 0), lost };
}

function loadHead(
  store: RowStore,
  tables: ReadonlyMap<string, Table>,
  head: ReplayPart & { part: "head" },
): Uint8Array {
  if (head.version !== STATE_VERSION) throw stateFault(`its version is ${head.version}`);
  if (JSON.stringify(head.columns) !== JSON.stringify(store.plans)) {
    throw stateFault("its columns are others");
  }
  if (JSON.stringify(head.tables) !== JSON.stringify([...tables.keys()])) {
    throw stateFault(`it has the tables ${head.tables.map((name) => `"${name}"`).join(", ")}`);
  }
  store.loadStateDict(head.store);
  return new Uint8Array(head.store.rows);
}

function loadRows(store: RowStore, { from, to, columns }: RowsPart, isThere: Uint8Array): void {
  if (to > isThere.length) throw stateFault(`it has rows beyond ${isThere.length}`);
  store.loadRows(from, to - from, columns);
  isThere.fill(1, from, to);
}
