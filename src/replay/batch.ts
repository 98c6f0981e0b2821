import type { Draw } from "./draw.ts";
import { ITEM_COLUMN, type NumberArray } from "./store/schema.ts";
import type { ColumnData } from "./store/column.ts";
import { gatherRows, makePlaces, type RowStore } from "./store/row-store.ts";

/** Items that were sampled together. Give it back as `into` to sample without new memory. */
export class SampleBatch {
  /** How many items. */
  readonly size: number;
  /** Steps of the longest item; shorter ones end in zeros (or undefined), see `draw.lengths`. */
  readonly unroll: number;
  readonly draw: Draw;
  /** The steps by column, item after item: `size · unroll` of them. */
  readonly columns: Record<string, ColumnData>;
  readonly #store: RowStore;
  readonly #rows: Int32Array;

  constructor(store: RowStore, draw: Draw) {
    const { unroll } = draw;
    this.size = draw.heads.length;
    this.unroll = unroll;
    this.draw = draw;
    this.columns = makePlaces(store, this.size * unroll);
    this.#store = store;
    this.#rows = unroll === 1 ? draw.heads : new Int32Array(this.size * unroll);
  }

  /** As `size`: what a batch that came over a link calls it. */
  get count(): number {
    return this.size;
  }

  get versions(): Float64Array {
    return this.draw.policyVersions;
  }

  get priorities(): Float64Array {
    return this.draw.priorities;
  }

  /** Steps that each item has. */
  get lengths(): Int32Array {
    return this.draw.lengths;
  }

  get keys(): Float64Array {
    return this.draw.keys;
  }

  get weights(): Float32Array {
    return this.draw.weights;
  }

  /** Columns that are one value a step, and no list of values. */
  get scalars(): string[] {
    const scalars = this.#store.plans.filter(({ shape }) => shape.length === 0);
    return scalars.map(({ name }) => name);
  }

  /** One step of an item as it was inserted: an object of columns, or what was stored without a schema. */
  stepOf(item: number, step = 0): unknown {
    return stepOf(this.#store, this.columns, item * this.unroll + step);
  }

  /** All items: their steps where any has several, else the one. */
  items(): unknown[] {
    return Array.from({ length: this.size }, (_, item) => {
      if (this.unroll === 1) return this.stepOf(item);
      const length = this.draw.lengths[item] ?? 0;
      return Array.from({ length }, (__, step) => this.stepOf(item, step));
    });
  }

  /** May it be filled again with so many items of this store? */
  fits(store: RowStore, size: number): boolean {
    return this.#store === store && this.size === size;
  }

  /** Copies the steps of what is drawn. */
  gather(): void {
    const { heads, lengths } = this.draw;
    if (this.unroll > 1) {
      this.#store.unroll(heads, lengths, { unroll: this.unroll, out: this.#rows });
    }
    gatherRows(this.#store, this.#rows, this.columns);
  }
}

/** One step of some columns, as it was inserted. */
export function stepOf(
  store: RowStore,
  columns: Readonly<Record<string, ColumnData>>,
  at: number,
): unknown {
  const { plans } = store;
  if (plans.length === 1 && plans[0]?.name === ITEM_COLUMN) return columns[ITEM_COLUMN]?.[at];
  return Object.fromEntries(
    plans.map(({ name, dtype, shape, width }) => {
      const data = columns[name];
      if (dtype === "object" || shape.length === 0) return [name, data?.[at]];
      return [name, (data as NumberArray).slice(at * width, (at + 1) * width)];
    }),
  );
}
