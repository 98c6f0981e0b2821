import type { ErrorRecord } from "../../core/errors.ts";
import type { Signature } from "../../protocol/datatype.ts";
import type { BatchResult } from "../batch-frame.ts";
import type { Stacked } from "../frame-groups.ts";
import type { Values } from "../inference.ts";
import { after, type Soon } from "../soon.ts";
import type { StandardSchema } from "../../plugin/schema.ts";
import { failureRecord } from "./failure.ts";
import type { Outcome } from "./halves.ts";
import { inferredSignature } from "./inferred-spec.ts";
import type { Seat } from "./intake.ts";
import { atPlace, checkedBy } from "./item-fault.ts";
import { ItemReader } from "./item-reader.ts";
import { columnsOf, OutputStack } from "./output-stack.ts";
import { encodedItem, encodedValue } from "./value-codec.ts";

/** How outputs are checked and written. */
export interface OuttakeOptions {
  /** Of the model's outputs, where it has a signature. */
  readonly signature: Signature | undefined;
  readonly schema: StandardSchema | undefined;
}

type Result = BatchResult | Stacked;

const OUTPUT = { what: "output", code: "task.invalid-result" } as const;

/** Makes of the outputs of a model's code what each payload is answered with, in the form in which it came. */
export class Outtake {
  readonly #schema: StandardSchema | undefined;
  readonly #reader: ItemReader | undefined;

  constructor({ signature, schema }: OuttakeOptions) {
    this.#schema = schema;
    this.#reader = signature && new ItemReader(signature);
  }

  /**
   * The answers to all seats, at once where there is no schema; for each that has a bad item, the error of the first of
   * these. `onFault` hears what cannot be used.
   */
  giveAll(
    seats: readonly Seat[],
    outcomes: readonly Outcome<unknown>[],
    onFault: (fault: unknown) => void = () => {},
  ): Soon<Result[]> {
    const schema = this.#schema;
    const checked = schema ? checkedOutcomes(schema, outcomes, onFault) : outcomes;
    return after(checked, (all) => this.#giveChecked(seats, all, onFault));
  }

  #giveChecked(
    seats: readonly Seat[],
    checked: readonly Outcome<unknown>[],
    onFault: (fault: unknown) => void,
  ): Result[] {
    const results: Result[] = [];
    let stack: OutputStack | undefined;
    const endStack = (): void => {
      if (stack) results.push(stack.finish());
      stack = undefined;
    };
    for (const seat of seats) {
      const result = this.#give(seat, checked, onFault);
      if (!(result instanceof Tensors)) {
        endStack();
        results.push(result);
        continue;
      }
      if (stack?.add(result.columns)) continue;
      endStack();
      stack = new OutputStack(result.reader, result.columns);
      // Another output of a model without a signature may have other tensors.
      if (!this.#reader) endStack();
    }
    endStack();
    return results;
  }

  #give(
    { form, from, rows, error }: Seat,
    outcomes: readonly Outcome<unknown>[],
    onFault: (fault: unknown) => void,
  ): Tensors | Values | { error: ErrorRecord } {
    if (error) return { error };
    const outputs: unknown[] = [];
    for (let index = from; index < from + rows; index++) {
      const outcome = outcomes[index] as Outcome<unknown>;
      if ("thrown" in outcome) {
        const item = rows > 1 ? index - from : undefined;
        return { error: failureRecord(outcome.thrown, { item }) };
      }
      outputs.push(outcome.value);
    }
    try {
      if (form !== "tensors") return this.#values(outputs, form);
      const reader = this.#reader ?? new ItemReader(inferredSignature(outputs[0]));
      return new Tensors(reader, columnsOf(outputs, reader));
    } catch (thrown) {
      const fault = atPlace(thrown, OUTPUT);
      onFault(fault);
      return { error: failureRecord(fault) };
    }
  }

  #values(outputs: readonly unknown[], form: Values["form"]): Values {
    const values: Uint8Array[] = [];
    for (const output of outputs) {
      const value = this.#reader
        ? encodedItem(this.#reader.readOutput(output), form, this.#reader.bools)
        : encodedValue(output, form);
      values.push(value);
    }
    return { kind: "values", form, values };
  }
}

/** The tensors of one payload. */
class Tensors {
  readonly reader: ItemReader;
  readonly columns: ReturnType<typeof columnsOf>;

  constructor(reader: ItemReader, columns: ReturnType<typeof columnsOf>) {
    this.reader = reader;
    this.columns = columns;
  }
}

async function checkedOutcomes(
  schema: StandardSchema,
  outcomes: readonly Outcome<unknown>[],
  onFault: (fault: unknown) => void,
): Promise<Outcome<unknown>[]> {
  const checked: Outcome<unknown>[] = [];
  for (const outcome of outcomes) {
    try {
      if ("thrown" in outcome) checked.push(outcome);
      else checked.push({ value: await checkedBy(schema, outcome.value, OUTPUT) });
    } catch (thrown) {
      onFault(thrown);
      checked.push({ thrown });
    }
  }
  return checked;
}
