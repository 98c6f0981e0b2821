import { DingError } from "../../core/errors.ts";
import type { Datatype, Signature } from "../../protocol/datatype.ts";
import type { ModelFacts } from "../inference.ts";

/** One input or output as clients see it. */
export interface FaceTensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 is any size. */
  readonly shape: readonly number[];
  /** Which axis is the rows; null where all rows of a request share the tensor. */
  readonly axis: number | null;
}

/** An output as a request wants it. */
export interface OutputChoice {
  /** Among the model's outputs. */
  readonly index: number;
  /** As bytes behind the JSON, not in it. */
  readonly isBinary: boolean;
  /** So many of the highest values as text, in the place of the tensor; 0 for the tensor itself. */
  readonly classes: number;
  /** Of it in the request, for faults that show only in the answer. */
  readonly path: string;
}

/** A model's inputs and outputs as clients see them. */
export interface ModelFace {
  readonly inputs: readonly FaceTensor[];
  readonly outputs: readonly FaceTensor[];
  /** Its items are any value: each element of "input" and "output" is the JSON text of one. */
  readonly isAnyValue: boolean;
  /** Every output, in the model's order. */
  readonly allAsJson: readonly OutputChoice[];
  readonly allAsBytes: readonly OutputChoice[];
}

const TEXTS = { datatype: "BYTES", shape: [-1], axis: 0 } as const;

/** Of a model that has no signature, or only half of one. */
const ANY_VALUE = faceOf([{ name: "input", ...TEXTS }], [{ name: "output", ...TEXTS }], true);

type Told = Pick<ModelFacts, "name" | "state" | "reason" | "platform" | "input" | "output">;

/** The faces of models; a face is made once for each signature. */
export class ModelFaces {
  readonly #faces = new WeakMap<Signature, ModelFace>();

  /** Throws model.not-ready for a model that has never been loaded: nobody knows what it takes. */
  of(facts: Told): ModelFace {
    const { input, output, state, platform } = facts;
    if (state !== "READY" && platform === "") throw notReady(facts);
    if (!input || !output) return ANY_VALUE;
    let face = this.#faces.get(input);
    if (!face) {
      face = faceOf(tensorsOf(input), tensorsOf(output), false);
      this.#faces.set(input, face);
    }
    return face;
  }
}

function faceOf(inputs: FaceTensor[], outputs: FaceTensor[], isAnyValue: boolean): ModelFace {
  const all = (isBinary: boolean): OutputChoice[] =>
    outputs.map((_, index) => ({ index, isBinary, classes: 0, path: `outputs[${index}]` }));
  return { inputs, outputs, isAnyValue, allAsJson: all(false), allAsBytes: all(true) };
}

function notReady({ name, state, reason }: Told): DingError {
  const why = reason === "" ? state : `${state}: ${reason}`;
  return new DingError("model.not-ready", `Cannot ask model "${name}": it is ${why}`);
}

function tensorsOf(signature: Signature): FaceTensor[] {
  return Object.entries(signature).map(([name, { datatype, shape, axis = 0 }]) => {
    const tail = shape.slice(1);
    const seen = axis === null ? tail : tail.toSpliced(axis, 0, -1);
    return { name, datatype, shape: seen, axis };
  });
}
