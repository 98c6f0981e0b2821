import { joinElements } from "../../protocol/bytes-elements.ts";
import { DATATYPES } from "../../protocol/datatype.ts";
import { fault } from "./fault.ts";
import { bytesFault } from "./given-tensors.ts";
import type { OipRequest } from "./infer-request.ts";
import type { FaceTensor, ModelFace } from "./model-face.ts";
import { payloadOf } from "./payload.ts";

/** A request that is nothing but the bytes of one row of the only input; all outputs come as bytes. */
export function readRawRequest(bytes: Uint8Array, face: ModelFace): OipRequest {
  const [input] = face.inputs;
  if (!input || face.inputs.length > 1) {
    const found = `this one has ${face.inputs.length}`;
    throw fault("inputs", `a raw request needs a model with one input: ${found}`);
  }
  const given =
    input.datatype === "BYTES"
      ? rawText(bytes, input)
      : { data: bytes, shape: shapeOf(bytes, input) };
  return {
    payload: payloadOf([{ ...given, path: "inputs[0]" }], face),
    id: undefined,
    priority: undefined,
    timeoutMs: undefined,
    parameters: undefined,
    outputs: face.allAsBytes,
  };
}

/** The body is the one element. */
function rawText(bytes: Uint8Array, input: FaceTensor): { data: Uint8Array; shape: number[] } {
  const shape = input.shape.map((size, axis) => (axis === input.axis ? 1 : size));
  if (shape.some((size) => size !== 1)) {
    throw fault("inputs[0]", `a raw request can only be one element of BYTES: ${told(input)}`);
  }
  return { data: joinElements([bytes]), shape };
}

/** One row; the axis of variable size follows from the number of bytes. */
function shapeOf(bytes: Uint8Array, input: FaceTensor): number[] {
  const datatype = input.datatype as Exclude<FaceTensor["datatype"], "BYTES">;
  const shape = input.shape.map((size, axis) => (axis === input.axis ? 1 : size));
  const variable = shape.indexOf(-1);
  if (variable !== shape.lastIndexOf(-1)) {
    throw fault("inputs[0]", `a raw request cannot tell its shape: ${told(input)}`);
  }
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const rowBytes = known * DATATYPES[datatype].bytes;
  if (variable >= 0) shape[variable] = rowBytes === 0 ? 0 : Math.floor(bytes.length / rowBytes);
  const count = shape.reduce((product, size) => product * size, 1);
  const why = bytesFault(bytes, input, count);
  if (why !== undefined) throw fault("inputs[0]", why);
  return shape;
}

function told({ name, shape }: FaceTensor): string {
  return `"${name}" has shape [${shape.join(", ")}]`;
}
