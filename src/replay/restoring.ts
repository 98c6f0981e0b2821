import { stateFault } from "./faults.ts";
import { type ItemsPiece, joinPieces } from "./items-snapshot.ts";
import { giveLists, type ListSlice } from "./long-lists.ts";
import { hasItems, rebuilt, soundItems } from "./rebuilding.ts";
import { type ReplayPart, type Restored, STATE_VERSION } from "./replay-snapshot.ts";
import type { RowStore, RowStoreState } from "./store/row-store.ts";
import type { Table } from "./table.ts";

type Part<Kind extends ReplayPart["part"]> = Extract<ReplayPart, { part: Kind }>;

/**
 * Makes a store and its tables what parts say that are given one by one, in any order: rows go to their place when they
 * come, or, before the head has come, when it does. `usage.invalid-input` where parts belong to another replay.
 */
export class Restoring implements Disposable {
  readonly #store: RowStore;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #states = new Map<string, Part<"table">>();
  readonly #items = new Map<string, ItemsPiece[]>();
  readonly #slices = new Map<string | null, ListSlice[]>();
  #head: Part<"head"> | undefined;
  #isThere: Uint8Array | undefined;
  #isWhole = false;
  readonly #over: (isWhole: boolean) => void;

  /** When it has changed something, `over` hears at the end: whether that is all, or half of another. */
  constructor(
    store: RowStore,
    tables: ReadonlyMap<string, Table>,
    over: (isWhole: boolean) => void,
  ) {
    this.#store = store;
    this.#tables = tables;
    this.#over = over;
  }

  [Symbol.dispose](): void {
    if (this.#head) this.#over(this.#isWhole);
  }

  take(part: ReplayPart): void {
    if (typeof part !== "object" || part === null) throw stateFault("a part is no object");
    if (part.part === "head") return this.#takeHead(part);
    if (!this.#head) throw stateFault("its head is not the first part");
    if (part.part === "table") this.#states.set(part.table.name, part);
    else if (part.part === "items") listOf(this.#items, part.table).push(part);
    else if (part.part === "list") listOf(this.#slices, part.table).push(part);
    else this.#takeRows(part);
  }

  /** All parts were given. */
  finish(): Restored {
    const head = this.#head;
    if (!head) throw stateFault("it has no head");
    const isThere = this.#isThere ?? new Uint8Array(head.store.rows);
    const states = [...this.#tables].map(([name, table]) => {
      const saved = this.#states.get(name);
      if (!saved) throw stateFault(`table "${name}" is missing`);
      table.checkState(saved.table);
      const { whole, broken } = giveLists(saved.table, saved.lists, listOf(this.#slices, name));
      const pieces = joinPieces(listOf(this.#items, name));
      const items = soundItems(pieces, whole.items.used, head.store.rows);
      const isWhole = broken.length === 0 && hasItems(whole, items);
      if (isWhole) return { table, items, state: whole, lost: 0 };
      return { table, items, ...rebuilt(whole, items, table.settings) };
    });
    this.#store.loadLinks(this.#linksOf(head));
    let lost = 0;
    for (const { table, items, state, lost: unknown } of states) {
      table.loadStateDict(state, items);
      lost += unknown;
    }
    // Only when all tables count on their rows: one that they share is freed once.
    for (const table of this.#tables.values()) {
      lost += table.lose((row, length) => this.#store.covers(row, length, isThere));
    }
    this.#store.collect();
    this.#store.settle();
    this.#isWhole = true;
    return { items: [...this.#tables.values()].reduce((items, { size }) => items + size, 0), lost };
  }

  /** Where it is not known what follows what, nothing follows: items of several steps are lost. */
  #linksOf({ store, lists }: Part<"head">): RowStoreState {
    const { whole, broken } = giveLists(store, lists, listOf(this.#slices, null));
    const isRow = (row: number): boolean => row >= -1 && row < whole.rows;
    const isKnown = !broken.includes("next") && whole.next.every(isRow);
    const next = isKnown ? whole.next : new Int32Array(whole.rows).fill(-1);
    const isFree = whole.free.every((row) => row >= 0 && isRow(row));
    return { ...whole, next, free: isFree ? whole.free : new Int32Array() };
  }

  #takeHead(head: Part<"head">): void {
    if (head.version !== STATE_VERSION) throw stateFault(`its version is ${head.version}`);
    if (JSON.stringify(head.columns) !== JSON.stringify(this.#store.plans)) {
      throw stateFault("its columns are others");
    }
    if (JSON.stringify(head.tables) !== JSON.stringify([...this.#tables.keys()])) {
      const names = head.tables.map((name) => `"${name}"`).join(", ");
      throw stateFault(`it has the tables ${names}`);
    }
    this.#head = head;
    this.#store.loadStateDict(head.store);
    this.#isThere = new Uint8Array(head.store.rows);
  }

  #takeRows({ from, to, columns }: Part<"rows">): void {
    const isThere = this.#isThere ?? new Uint8Array(0);
    if (!(from >= 0 && to <= isThere.length)) {
      throw stateFault(`it has rows beyond ${isThere.length}`);
    }
    if (this.#store.countOf(columns) !== to - from) throw stateFault("it has other rows than said");
    this.#store.loadRows(from, to - from, columns);
    isThere.fill(1, from, to);
  }
}

function listOf<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
