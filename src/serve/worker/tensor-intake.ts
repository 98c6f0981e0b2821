import type { ErrorRecord } from "../../core/errors.ts";
import type { Group } from "../frame-reader.ts";
import type { NamedTensor, Tensors, Values } from "../inference.ts";
import { mergeRows } from "../rows.ts";
import { bytesOfRows, type Elements } from "./elements.ts";
import { failureRecord } from "./failure.ts";
import { atPlace } from "./item-fault.ts";
import type { ItemReader, ItemShapes, TypedItem } from "./item-reader.ts";
import { INPUT, sortGroups, type GroupSink, type PayloadForm } from "./sort-groups.ts";
import { decodedValue } from "./value-codec.ts";

/** Rows whose tensors have the same shapes: one call of the model. */
export interface Stack {
  /** Of each row. */
  readonly shapes: ItemShapes;
  readonly parts: Tensors[];
  rows: number;
}

/** Where a row of a payload lies. */
export interface RowPlace {
  readonly stack: Stack;
  readonly row: number;
}

/** Where the rows of a payload lie, or why there are none. */
export type TensorSeat =
  | { readonly form: PayloadForm; readonly places: readonly RowPlace[] }
  | { readonly error: ErrorRecord };

/** Makes of the payloads of a batch whole tensors, those of one shape together. */
export class TensorIntake implements GroupSink {
  readonly seats: TensorSeat[] = [];
  readonly #stacks = new Map<string, Stack>();
  readonly #reader: ItemReader;

  constructor(reader: ItemReader) {
    this.#reader = reader;
  }

  /** Takes what lies in a frame, in its order; gives a promise where texts must be looked through. */
  takeAll(groups: readonly Group[]): void | Promise<void> {
    return sortGroups(groups, this.#reader, this);
  }

  get stacks(): Iterable<Stack> {
    return this.#stacks.values();
  }

  takeRows(tensors: readonly NamedTensor[], rows: readonly number[]): void {
    const ordered = this.#reader.readers.map(
      ({ name }) => tensors.find((tensor) => tensor.name === name) as NamedTensor,
    );
    const total = rows.reduce((sum, count) => sum + count, 0);
    const stack = this.#stackOf(ordered);
    let row = stack.rows;
    this.#put(stack, { kind: "tensors", rows: total, tensors: ordered });
    for (const count of rows) {
      this.seats.push({
        form: "tensors",
        places: Array.from({ length: count }, () => ({ stack, row: row++ })),
      });
    }
  }

  takeValues({ form, values }: Values): void {
    const items: Tensors[] = [];
    for (const [index, bytes] of values.entries()) {
      try {
        items.push(this.#rowOf(decodedValue(bytes, form, this.#reader.hasLongIntegers)));
      } catch (thrown) {
        const place = { ...INPUT, item: values.length > 1 ? index : undefined };
        return this.refuse(form, failureRecord(atPlace(thrown, place)));
      }
    }
    const places = items.map((item): RowPlace => {
      const stack = this.#stackOf(item.tensors);
      this.#put(stack, item);
      return { stack, row: stack.rows - 1 };
    });
    this.seats.push({ form, places });
  }

  refuse(_form: PayloadForm, error: ErrorRecord): void {
    this.seats.push({ error });
  }

  #rowOf(value: unknown): Tensors {
    const { item, shapes } = this.#reader.readInput(value);
    const tensors = this.#reader.readers.map(({ name, spec }): NamedTensor => {
      const { datatype } = spec;
      const { data } = bytesOfRows([(item as TypedItem)[name] as Elements], spec);
      return { name, datatype, shape: [1, ...(shapes[name] ?? [])], data };
    });
    return { kind: "tensors", rows: 1, tensors };
  }

  #stackOf(tensors: readonly NamedTensor[]): Stack {
    const key = tensors.map(({ shape }) => shape.slice(1).join()).join(";");
    let stack = this.#stacks.get(key);
    if (!stack) {
      const shapes = tensors.map(({ name, shape }) => [name, shape.slice(1)] as const);
      stack = { shapes: Object.fromEntries(shapes), parts: [], rows: 0 };
      this.#stacks.set(key, stack);
    }
    return stack;
  }

  #put(stack: Stack, part: Tensors): void {
    stack.parts.push(part);
    stack.rows += part.rows;
  }
}

/** All rows of a stack as one; without a copy where they came as one. */
export function wholeOf({ parts }: Stack): Tensors {
  return mergeRows(parts) as Tensors;
}
