import { inputFault } from "../faults.ts";
import type { Column, ColumnData } from "./column.ts";
import type { ColumnPlan } from "./schema.ts";

const REFERENCE_BYTES = 8;

/** A column of any values. They are shared, not copied: who changes one changes what others read. */
export class ObjectColumn implements Column {
  readonly plan: ColumnPlan;
  readonly rowBytes = REFERENCE_BYTES;
  readonly #values: unknown[] = [];

  constructor(plan: ColumnPlan) {
    this.plan = plan;
  }

  grow(rows: number): void {
    while (this.#values.length < rows) this.#values.push(undefined);
  }

  countOf(data: unknown): number {
    if (Array.isArray(data)) return data.length;
    throw inputFault(`Cannot store column "${this.plan.name}": it is not a list`);
  }

  write(row: number, count: number, { data, at }: { data: unknown; at: number }): void {
    const source = data as unknown[];
    for (let i = 0; i < count; i++) this.#values[row + i] = source[at + i];
  }

  make(steps: number): unknown[] {
    return Array.from({ length: steps });
  }

  gather(rows: Int32Array, count: number, out: ColumnData): void {
    const target = out as unknown[];
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      target[i] = row < 0 ? undefined : this.#values[row];
    }
  }

  copy(from: number, to: number): unknown[] {
    return this.#values.slice(from, to);
  }

  forget(row: number): void {
    this.#values[row] = undefined;
  }
}
