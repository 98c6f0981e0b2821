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

/** A model's inputs and outputs as clients see them. */
export interface ModelFace {
  readonly inputs: readonly FaceTensor[];
  readonly outputs: readonly FaceTensor[];
  /** Its items are any value: each element of "input" and "output" is the JSON text of one. */
  readonly isAnyValue: boolean;
}

const TEXTS = { datatype: "BYTES", shape: [-1], axis: 0 } as const;

/** Of a model that has no signature, or only half of one. */
const ANY_VALUE: ModelFace = {
  inputs: [{ name: "input", ...TEXTS }],
  outputs: [{ name: "output", ...TEXTS }],
  isAnyValue: true,
};

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
      face = { inputs: tensorsOf(input), outputs: tensorsOf(output), isAnyValue: false };
      this.#faces.set(input, face);
    }
    return face;
  }
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
