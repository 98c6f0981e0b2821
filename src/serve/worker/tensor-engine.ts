import { systemClock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { BatchAnswer, BatchResult } from "../batch-frame.ts";
import type { Group } from "../frame-reader.ts";
import type { NamedTensor, Tensors } from "../inference.ts";
import type { PredictTensors } from "../plugin/model-plugin.ts";
import { mergeRows, sliceRows } from "../rows.ts";
import { rowsOfTensor } from "./elements.ts";
import {
  isHopeless,
  tellFailures,
  type Engine,
  type EngineCall,
  type EngineOptions,
} from "./engine.ts";
import { failureRecord } from "./failure.ts";
import { runInHalves, type Outcome } from "./halves.ts";
import { ItemReader, type TypedItem } from "./item-reader.ts";
import { CallContext } from "./model-context.ts";
import { TensorIntake, wholeOf, type Stack, type TensorSeat } from "./tensor-intake.ts";
import { encodedItem } from "./value-codec.ts";

/** A row of what a model has given. */
interface OutputRow {
  readonly outputs: Tensors;
  readonly row: number;
}

type Outcomes = ReadonlyMap<Stack, readonly Outcome<OutputRow>[]>;

/** Runs models that take whole tensors: rows of one shape together. */
export class TensorEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #predict: PredictTensors;
  readonly #reader: ItemReader;

  constructor(options: EngineOptions, predict: PredictTensors) {
    this.#options = options;
    this.#predict = predict;
    this.#reader = new ItemReader(options.model.input ?? {});
  }

  async run(groups: readonly Group[], call: EngineCall): Promise<BatchAnswer> {
    const intake = new TensorIntake(this.#reader);
    const taking = intake.takeAll(groups);
    if (taking) await taking;
    const outcomes = new Map<Stack, readonly Outcome<OutputRow>[]>();
    const begunMs = systemClock.now();
    for (const stack of intake.stacks) outcomes.set(stack, await this.#runStack(stack, call));
    const computeMs = outcomes.size === 0 ? 0 : systemClock.now() - begunMs;
    return { computeMs, results: intake.seats.map((seat) => this.#resultOf(seat, outcomes)) };
  }

  async #runStack(stack: Stack, call: EngineCall): Promise<readonly Outcome<OutputRow>[]> {
    const { context } = this.#options;
    const whole = wholeOf(stack);
    const run = async (from: number, to: number): Promise<readonly OutputRow[]> => {
      call.abort.throwIfAborted();
      const rows = to - from;
      const { tensors } = rows === whole.rows ? whole : (sliceRows(whole, from, rows) as Tensors);
      const shapes = Array.from({ length: rows }, () => stack.shapes);
      const given = await this.#predict(
        tensors,
        rows,
        new CallContext(context, { ...call, shapes }),
      );
      const outputs = checkedOutputs(given, rows);
      return Array.from({ length: rows }, (_, row) => ({ outputs, row }));
    };
    const outcomes = await runInHalves(whole.rows, run, {
      isHopeless: (thrown) => isHopeless(thrown, call),
    });
    tellFailures(context, outcomes, call);
    return outcomes;
  }

  #resultOf(seat: TensorSeat, outcomes: Outcomes): BatchResult {
    if ("error" in seat) return seat;
    const rows: OutputRow[] = [];
    for (const [index, { stack, row }] of seat.places.entries()) {
      const outcome = outcomes.get(stack)?.[row] as Outcome<OutputRow>;
      if ("thrown" in outcome) {
        const item = seat.places.length > 1 ? index : undefined;
        return { error: failureRecord(outcome.thrown, { item }) };
      }
      rows.push(outcome.value);
    }
    try {
      if (seat.form === "tensors") return tensorsOf(rows);
      const { form } = seat;
      const values = rows.map((row) => encodedItem(itemOf(row), form, boolsOf(row)));
      return { kind: "values", form, values };
    } catch (thrown) {
      return { error: failureRecord(thrown) };
    }
  }
}

function checkedOutputs(tensors: readonly NamedTensor[], rows: number): Tensors {
  const wrong = tensors.find(({ shape }) => shape[0] !== rows);
  if (!wrong) return { kind: "tensors", rows, tensors };
  const got = `"${wrong.name}" has shape [${wrong.shape.join(", ")}]`;
  throw new DingError("task.invalid-result", `Cannot use outputs: ${got} for ${rows} rows`);
}

/** Rows as tensors; those that lie behind each other are cut out at once. */
function tensorsOf(rows: readonly OutputRow[]): BatchResult {
  const parts: Tensors[] = [];
  for (let from = 0; from < rows.length;) {
    const { outputs, row } = rows[from] as OutputRow;
    let to = from + 1;
    while (rows[to]?.outputs === outputs && rows[to]?.row === row + to - from) to += 1;
    const isAll = to - from === outputs.rows;
    parts.push(isAll ? outputs : (sliceRows(outputs, row, to - from) as Tensors));
    from = to;
  }
  return mergeRows(parts);
}

function boolsOf({ outputs: { tensors } }: OutputRow): ReadonlySet<string> {
  return new Set(tensors.filter(({ datatype }) => datatype === "BOOL").map(({ name }) => name));
}

function itemOf({ outputs, row }: OutputRow): TypedItem {
  const { tensors } = sliceRows(outputs, row, 1) as Tensors;
  return Object.fromEntries(
    tensors.map((tensor) => [tensor.name, rowsOfTensor(tensor, undefined)(0)]),
  );
}
