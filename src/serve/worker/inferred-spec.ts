import {
  DATATYPES,
  type Datatype,
  type Signature,
  type TensorSpec,
} from "../../protocol/datatype.ts";
import { Tensor } from "../../protocol/tensor.ts";
import { ItemFault } from "./item-fault.ts";

/** What an output without a name is called. */
const NAMELESS = "output";

const DATATYPE_OF_ARRAY: Readonly<Record<string, Datatype>> = {
  ...Object.fromEntries(
    Object.entries(DATATYPES).map(([datatype, { array }]) => [array.name, datatype as Datatype]),
  ),
  // Of those that share a class, the plain ones.
  Uint8Array: "UINT8",
  Uint8ClampedArray: "UINT8",
  Uint16Array: "UINT16",
  Buffer: "UINT8",
};

/** The tensors of an output of a model that says nothing of its outputs; throws ItemFault where there are none. */
export function inferredSignature(output: unknown): Signature {
  const isNamed =
    typeof output === "object" &&
    output !== null &&
    !Array.isArray(output) &&
    !ArrayBuffer.isView(output) &&
    !(output instanceof Tensor);
  const entries = isNamed ? Object.entries(output) : [[NAMELESS, output] as const];
  return Object.fromEntries(entries.map(([name, value]) => [name, inferredSpec(value, name)]));
}

function inferredSpec(value: unknown, name: string): TensorSpec {
  if (value instanceof Tensor) {
    const datatype = value.dtype === "|b1" ? "BOOL" : datatypeOf(value.data);
    return spec(datatype, value.shape.length, name);
  }
  let axes = 0;
  let leaf = value;
  for (; Array.isArray(leaf); axes += 1) leaf = leaf[0];
  // A list of byte strings, as a model gives BYTES.
  if (leaf instanceof Uint8Array && axes === 1) return spec("BYTES", axes, name);
  if (ArrayBuffer.isView(leaf)) return spec(datatypeOf(leaf), axes + 1, name);
  return spec(datatypeOfScalar(leaf), axes, name);
}

function spec(datatype: Datatype | undefined, axes: number, name: string): TensorSpec {
  if (!datatype) throw new ItemFault(name, "it is no tensor, which the request asks for");
  return { datatype, shape: Array.from({ length: axes + 1 }, () => -1) };
}

function datatypeOf(array: ArrayBufferView): Datatype | undefined {
  return DATATYPE_OF_ARRAY[array.constructor.name];
}

function datatypeOfScalar(value: unknown): Datatype | undefined {
  if (typeof value === "number") return "FP64";
  if (typeof value === "bigint") return "INT64";
  if (typeof value === "boolean") return "BOOL";
  return typeof value === "string" ? "BYTES" : undefined;
}
