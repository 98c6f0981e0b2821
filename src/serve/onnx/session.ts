import type { OrtSession, OrtTensor } from "./ort.ts";
import { inputValues, outputValues, type OnnxValue } from "./values.ts";

/** How a run that is only a question keeps its errors off the terminal. */
const FATAL = 4;
const ERROR = 3;

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
  readonly #session: OrtSession;
  readonly #fetches: readonly string[];

  /** Throws plugin.invalid when no request could carry what the model takes or gives. */
  constructor(session: OrtSession, runtime: string) {
    this.runtime = runtime;
    this.inputs = inputValues(session.inputMetadata);
    this.outputs = outputValues(session.outputMetadata);
    this.#session = session;
    this.#fetches = this.outputs.map(({ name }) => name);
  }

  /** Rejects with the runtime's own error; a quiet run prints none. */
  async run(feeds: readonly OrtTensor[], { isQuiet = false } = {}): Promise<OnnxOutput[]> {
    const named = Object.fromEntries(this.inputs.map(({ name }, index) => [name, feeds[index]]));
    const outputs = await this.#session.run(named as Record<string, OrtTensor>, this.#fetches, {
      logSeverityLevel: isQuiet ? FATAL : ERROR,
    });
    return this.outputs.map((value) => ({ value, tensor: outputs[value.name] as OrtTensor }));
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
