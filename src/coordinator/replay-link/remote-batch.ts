import { ITEM_COLUMN, type NumberArray } from "../../replay/store/schema.ts";
import type { SampledItems } from "../plugin/worker-context.ts";
import type { SampleAnswer } from "./replay-words.ts";

/** Items that came over a link. */
export class RemoteBatch implements SampledItems {
  readonly count: number;
  readonly columns: Readonly<Record<string, unknown>>;
  readonly keys: Float64Array;
  readonly weights: Float64Array;
  readonly versions: Float64Array;
  readonly priorities: Float64Array;
  /** Steps that each item has … */
  readonly lengths: Int32Array;
  /** … in so many places of each column; what is behind them is 0, or undefined. */
  readonly unroll: number;
  readonly #scalars: ReadonlySet<string>;

  constructor(answer: SampleAnswer) {
    this.count = answer.count;
    this.columns = answer.columns;
    this.keys = answer.keys;
    const { count, weights, lengths } = answer;
    this.weights = weights ? new Float64Array(weights) : new Float64Array(count).fill(1);
    this.versions = answer.versions;
    this.priorities = answer.priorities;
    this.lengths = lengths ?? new Int32Array(count).fill(1);
    this.unroll = answer.unroll;
    this.#scalars = new Set(answer.scalars);
  }

  items(): unknown[] {
    return Array.from({ length: this.count }, (_, item) => {
      if (this.unroll === 1) return this.#stepAt(item);
      const length = this.lengths[item] ?? 0;
      return Array.from({ length }, (__, step) => this.#stepAt(item * this.unroll + step));
    });
  }

  #stepAt(at: number): unknown {
    const names = Object.keys(this.columns);
    if (names.length === 1 && names[0] === ITEM_COLUMN) {
      return (this.columns[ITEM_COLUMN] as unknown[])[at];
    }
    return Object.fromEntries(
      Object.entries(this.columns).map(([name, column]) => {
        const data = column as NumberArray | unknown[];
        if (this.#scalars.has(name)) return [name, data[at]];
        const width = data.length / (this.count * this.unroll);
        return [name, data.slice(at * width, (at + 1) * width)];
      }),
    );
  }
}
