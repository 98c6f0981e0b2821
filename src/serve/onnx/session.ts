import type { OrtSession, OrtTensor } from "./ort.ts";
import { inputValues, outputValues, type OnnxValue } from "./values.ts";

/** What goes wrong in a run is thrown: it need not be printed too, for every request. */
const QUIET = { logSeverityLevel: 4 } as const;

/** What came out of a run. */
export interface OnnxOutput {
  readonly value: OnnxValue;
  readonly tensor: OrtTensor;
}

/** A loaded model: tensors in the order of its inputs in, each output out. */
export class OnnxSession {
  /** "onnxruntime-node 1.30.0", or the wasm in this program. */
  readonly runtime: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Outputs that are maps or sequences, by name: no answer can carry them. */
  readonly leftOut: readonly string[];
  readonly #session: OrtSession;
  readonly #fetches: readonly string[];

  /** Throws plugin.invalid when no request could carry what the model takes or gives. */
  constructor(session: OrtSession, runtime: string) {
    this.runtime = runtime;
    this.inputs = inputValues(session.inputMetadata);
    this.outputs = outputValues(session.outputMetadata);
    this.leftOut = session.outputMetadata.flatMap(({ name, isTensor }) => (isTensor ? [] : [name]));
    this.#session = session;
    this.#fetches = this.outputs.map(({ name }) => name);
  }

  /** Rejects with the runtime's own error. */
  async run(feeds: readonly OrtTensor[]): Promise<OnnxOutput[]> {
    const named = Object.fromEntries(this.inputs.map(({ name }, index) => [name, feeds[index]]));
    const inputs = named as Record<string, OrtTensor>;
    const outputs = await this.#session.run(inputs, this.#fetches, QUIET);
    return this.outputs.map((value) => ({ value, tensor: outputs[value.name] as OrtTensor }));
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
