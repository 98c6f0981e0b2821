import { DingError } from "../../core/errors.ts";
import type { Signature } from "../../protocol/datatype.ts";
import type { NamedTensor, Tensors } from "../inference.ts";
import { mergeRows, sliceRows } from "../rows.ts";
import type { BatchPlan } from "./batch-plan.ts";
import { startsOfEqual } from "./equal-rows.ts";
import { inputFault } from "./input-fault.ts";
import { runRows } from "./run-rows.ts";
import type { OnnxSession } from "./session.ts";
import { runtimeWords } from "./runtime-words.ts";
import { sizesFault } from "./shared-sizes.ts";
import { inputSignature, outputSignature } from "./signature.ts";
import { tryPlan } from "./try-plan.ts";

/** A session that takes and gives rows. */
export class OnnxModel {
  readonly #session: OnnxSession;
  #plan: BatchPlan;

  constructor(session: OnnxSession, plan: BatchPlan) {
    this.#session = session;
    this.#plan = plan;
  }

  get input(): Signature {
    return inputSignature(this.#session.inputs, this.#plan);
  }

  get output(): Signature {
    return outputSignature(this.#session.outputs, this.#plan);
  }

  /** The most rows of a run; undefined when any number will do. */
  get maxRows(): number | undefined {
    return this.#plan.maxRows;
  }

  /** Any number of rows in, as many out; rows that differ in what they should share run one after the other. */
  async predict(tensors: readonly NamedTensor[], rows: number): Promise<readonly NamedTensor[]> {
    const batch: Tensors = { kind: "tensors", rows, tensors: this.#inOrder(tensors) };
    const fault = sizesFault(this.#session.inputs, this.#plan.inputs, batch.tensors);
    if (fault) throw fault;
    try {
      if (this.#plan.isGuess) await this.#learn(batch);
      const parts = this.#parts(batch);
      if (parts.length === 1) return (await this.#run(batch)).tensors;
      const outputs: Tensors[] = [];
      for (const part of parts) outputs.push(await this.#run(part));
      return (mergeRows(outputs) as Tensors).tensors;
    } catch (thrown) {
      if (thrown instanceof DingError) throw thrown;
      const message = `Cannot run the model: ${runtimeWords(thrown)}`;
      throw new DingError("task.failed", message, { cause: thrown });
    }
  }

  #inOrder(tensors: readonly NamedTensor[]): NamedTensor[] {
    return this.#session.inputs.map(({ name }) => {
      const tensor = tensors.find((each) => each.name === name);
      if (tensor) return tensor;
      throw inputFault(name, "it is missing");
    });
  }

  /** No made-up row fitted the model: the first real one shows where its outputs have their rows. */
  async #learn(batch: Tensors): Promise<void> {
    const { tensors: row } = sliceRows(batch, 0, 1) as Tensors;
    this.#plan = (await tryPlan(this.#session, this.#plan, [row])).plan;
  }

  async #run({ rows, tensors: inputs }: Tensors): Promise<Tensors> {
    const tensors = await runRows(this.#session, this.#plan, { inputs, rows });
    return { kind: "tensors", rows, tensors };
  }

  /** What may run together. */
  #parts(batch: Tensors): Tensors[] {
    const { rows, tensors } = batch;
    const { maxRows = rows, inputs } = this.#plan;
    const starts = startsOfEqual(
      tensors.filter((_, index) => inputs[index] === undefined),
      rows,
    );
    if (starts.length === 1 && rows <= maxRows) return [batch];
    return starts.flatMap((start, index) => {
      const count = (starts[index + 1] ?? rows) - start;
      return Array.from({ length: Math.ceil(count / maxRows) }, (_, part) => {
        const from = part * maxRows;
        return sliceRows(batch, start + from, Math.min(maxRows, count - from)) as Tensors;
      });
    });
  }
}
