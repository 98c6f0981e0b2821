import type { Datatype, Signature } from "../../../../src/protocol/datatype.ts";
import { ModelFaces, type ModelFace } from "../../../../src/serve/oip/model-face.ts";

const LOADED = { name: "m", state: "READY", reason: "", platform: "ding_plugin" } as const;

/** The face of a model with these inputs and outputs. */
export function faceOf(input: Signature, output: Signature = input): ModelFace {
  return new ModelFaces().of({ ...LOADED, input, output });
}

/** One input "x" and one output of the same kind. */
export function oneTensor(datatype: Datatype, shape: number[] = [-1, 2]): ModelFace {
  return faceOf({ x: { datatype, shape } });
}

/** Of a model whose items are any value. */
export const anyValue: ModelFace = new ModelFaces().of({
  ...LOADED,
  input: undefined,
  output: undefined,
});

/** Rows of x and y that share z; w has its rows on the second axis. */
export const mixed: ModelFace = faceOf({
  x: { datatype: "FP32", shape: [-1, 2] },
  y: { datatype: "BYTES", shape: [-1] },
  w: { datatype: "INT16", shape: [-1, 2, 3], axis: 1 },
  z: { datatype: "INT64", shape: [-1], axis: null },
});

/** A value as the bytes of its JSON. */
export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}
