import type { ErrorRecord } from "../../core/errors.ts";
import type { Group } from "../frame-reader.ts";
import type { NamedTensor, Values } from "../inference.ts";
import type { StandardSchema } from "../../plugin/schema.ts";
import { rowsOfTensor, type Elements } from "./elements.ts";
import { failureRecord } from "./failure.ts";
import { atPlace, checkedBy } from "./item-fault.ts";
import type { ItemReader, ItemShapes, TypedItem } from "./item-reader.ts";
import { INPUT, sortGroups, type GroupSink, type PayloadForm } from "./sort-groups.ts";
import { decodedValue } from "./value-codec.ts";

/** Where the items of a payload are in the batch, and what their outputs become. */
export interface Seat {
  readonly form: PayloadForm;
  readonly from: number;
  readonly rows: number;
  /** Why there are none. */
  readonly error?: ErrorRecord;
}

/** How items are read and checked. */
export interface IntakeOptions {
  /** Of the model's inputs, where it has a signature. */
  readonly reader: ItemReader | undefined;
  readonly schema: StandardSchema | undefined;
}

const NO_SHAPES: ItemShapes = {};

/**
 * Makes of the payloads of a batch the items that a model's code gets. A
 * payload with a fault has a seat with its error, and no items.
 */
export class Intake implements GroupSink {
  readonly seats: Seat[] = [];
  readonly items: unknown[] = [];
  /** Of each item. */
  readonly shapes: ItemShapes[] = [];
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Takes what lies in a frame, in its order; gives a promise only where a schema may have to be waited for. */
  takeAll(groups: readonly Group[]): void | Promise<void> {
    return sortGroups(groups, this.#options.reader, this);
  }

  takeRows(tensors: readonly NamedTensor[], rows: readonly number[]): void | Promise<void> {
    const specs = this.#options.reader?.readers;
    const columns: [string, (row: number) => Elements][] = [];
    const shapes: Record<string, readonly number[]> = {};
    for (const tensor of tensors) {
      const as = specs?.find(({ name }) => name === tensor.name)?.spec.as;
      columns.push([tensor.name, rowsOfTensor(tensor, as)]);
      shapes[tensor.name] = tensor.shape.slice(1);
    }
    let row = 0;
    const next = (): TypedItem => {
      const item: TypedItem = {};
      for (const [name, at] of columns) item[name] = at(row);
      row += 1;
      return item;
    };
    if (this.#options.schema) return this.#takeChecked(rows, next, shapes);
    for (const count of rows) {
      const from = this.items.length;
      try {
        for (let taken = 0; taken < count; taken++) this.items.push(next());
      } catch (thrown) {
        // A text that is none: what was read before it is not for the model, and has no seat.
        const item = count > 1 ? this.items.length - from : undefined;
        this.items.length = from;
        throw atPlace(thrown, { ...INPUT, item });
      }
      for (let taken = 0; taken < count; taken++) this.shapes.push(shapes);
      this.seats.push({ form: "tensors", from, rows: count });
    }
  }

  async #takeChecked(
    rows: readonly number[],
    next: () => TypedItem,
    shapes: ItemShapes,
  ): Promise<void> {
    for (const count of rows) {
      await this.#seatChecked("tensors", Array.from({ length: count }, next), shapes);
    }
  }

  takeValues({ form, values }: Values): void | Promise<void> {
    const { reader, schema } = this.#options;
    const items: unknown[] = [];
    const shapes: ItemShapes[] = [];
    for (const [index, bytes] of values.entries()) {
      const place = { ...INPUT, item: values.length > 1 ? index : undefined };
      try {
        const value = decodedValue(bytes, form, reader?.hasLongIntegers);
        const read = reader?.readInput(value) ?? { item: value, shapes: NO_SHAPES };
        items.push(read.item);
        shapes.push(read.shapes);
      } catch (thrown) {
        return this.refuse(form, failureRecord(atPlace(thrown, place)));
      }
    }
    if (schema) return this.#seatChecked(form, items, NO_SHAPES);
    this.#seat(form, items, (index) => shapes[index] ?? NO_SHAPES);
  }

  refuse(form: PayloadForm, error: ErrorRecord): void {
    this.seats.push({ form, from: this.items.length, rows: 0, error });
  }

  async #seatChecked(form: PayloadForm, items: unknown[], shapes: ItemShapes): Promise<void> {
    const checked: unknown[] = [];
    for (const [index, item] of items.entries()) {
      const place = { ...INPUT, item: items.length > 1 ? index : undefined };
      try {
        checked.push(await checkedBy(this.#options.schema, item, place));
      } catch (thrown) {
        return this.refuse(form, failureRecord(thrown));
      }
    }
    this.#seat(form, checked, () => shapes);
  }

  #seat(
    form: PayloadForm,
    items: readonly unknown[],
    shapesOf: (index: number) => ItemShapes,
  ): void {
    this.seats.push({ form, from: this.items.length, rows: items.length });
    for (let index = 0; index < items.length; index++) {
      this.items.push(items[index]);
      this.shapes.push(shapesOf(index));
    }
  }
}
