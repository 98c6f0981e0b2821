import { DingError } from "../../core/errors.ts";
import type { Signature } from "../../protocol/datatype.ts";
import type { BatchResult } from "../batch-frame.ts";
import type { NamedTensor, Values } from "../inference.ts";
import type { ItemSchema } from "../plugin/schema.ts";
import { bytesOfRows, type Elements } from "./elements.ts";
import { failureRecord } from "./failure.ts";
import type { Outcome } from "./halves.ts";
import type { Seat } from "./intake.ts";
import { atPlace, checkedBy } from "./item-fault.ts";
import { ItemReader, type ItemShapes, type TypedItem } from "./item-reader.ts";
import { encodedItem, encodedValue } from "./value-codec.ts";
import { inferredSignature } from "./inferred-spec.ts";

/** How outputs are checked and written. */
export interface OuttakeOptions {
  /** Of the model's outputs, where it has a signature. */
  readonly signature: Signature | undefined;
  readonly schema: ItemSchema | undefined;
}

const OUTPUT = { what: "output", code: "task.invalid-result" } as const;

/** Makes of the outputs of a model's code what each payload is answered with, in the form in which it came. */
export class Outtake {
  readonly #schema: ItemSchema | undefined;
  readonly #reader: ItemReader | undefined;

  constructor({ signature, schema }: OuttakeOptions) {
    this.#schema = schema;
    this.#reader = signature && new ItemReader(signature);
  }

  /** The answer to a seat, or the error of the first of its items that has one. */
  async give(seat: Seat, outcomes: readonly Outcome<unknown>[]): Promise<BatchResult> {
    if (seat.error) return { error: seat.error };
    const outputs: unknown[] = [];
    try {
      for (let index = 0; index < seat.rows; index++) {
        const outcome = outcomes[seat.from + index] as Outcome<unknown>;
        if ("thrown" in outcome) throw outcome.thrown;
        const place = { ...OUTPUT, item: seat.rows > 1 ? index : undefined };
        outputs.push(
          this.#schema ? await checkedBy(this.#schema, outcome.value, place) : outcome.value,
        );
      }
      return seat.form === "tensors" ? this.#tensors(outputs) : this.#values(outputs, seat.form);
    } catch (thrown) {
      return { error: failureRecord(atPlace(thrown, OUTPUT)) };
    }
  }

  #values(outputs: readonly unknown[], form: Values["form"]): Values {
    const values = outputs.map((output) => {
      const item = this.#reader?.readOutput(output).item;
      return item ? encodedItem(item, form) : encodedValue(output, form);
    });
    return { kind: "values", form, values };
  }

  #tensors(outputs: readonly unknown[]): BatchResult {
    const reader = this.#reader ?? new ItemReader(inferredSignature(outputs[0]));
    const read = outputs.map((output) => reader.readOutput(output));
    const tensors = reader.readers.map(({ name, spec }): NamedTensor => {
      const shape = commonShape(name, read);
      const rows = read.map(({ item }) => (item as TypedItem)[name] as Elements);
      const { datatype } = spec;
      return { name, datatype, shape: [outputs.length, ...shape], data: bytesOfRows(rows, spec) };
    });
    return { kind: "tensors", rows: outputs.length, tensors };
  }
}

/** All items of one request are one tensor: they must be alike. */
function commonShape(name: string, read: readonly { shapes: ItemShapes }[]): readonly number[] {
  const [first = [], ...others] = read.map(({ shapes }) => shapes[name] ?? []);
  const odd = others.find((shape) => shape.join() !== first.join());
  if (!odd) return first;
  const told = `shape [${first.join(", ")}] of the first item, [${odd.join(", ")}] of another`;
  throw new DingError("task.invalid-result", `Cannot use output: "${name}": ${told}`, {
    hint: "Send items whose outputs differ in shape as requests of their own.",
  });
}
