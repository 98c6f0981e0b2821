import { DingError } from "../../core/errors.ts";
import type { Datatype } from "../../protocol/datatype.ts";
import type { OrtMetadata } from "./ort.ts";

/** An axis of a tensor of the model. */
export interface Axis {
  /** -1 is any size. */
  readonly size: number;
  /** Of an axis of any size: its name, which other axes may share; empty when it has none. */
  readonly symbol?: string;
}

/** An input or output of the model. */
export interface OnnxValue {
  readonly name: string;
  readonly datatype: Datatype;
  readonly axes: readonly Axis[];
}

const DATATYPE_OF: Readonly<Record<string, Datatype>> = {
  bool: "BOOL",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  float16: "FP16",
  float32: "FP32",
  float64: "FP64",
  string: "BYTES",
};

/** The runtime's name of an element type. */
export const ORT_TYPES = Object.fromEntries(
  Object.entries(DATATYPE_OF).map(([type, datatype]) => [datatype, type]),
) as Readonly<Record<Exclude<Datatype, "BF16">, string>>;

/** The inputs of a model; throws plugin.invalid for one that no request could carry. */
export function inputValues(metadata: readonly OrtMetadata[]): OnnxValue[] {
  return metadata.map((value) => {
    if (value.isTensor) return valueOf(value, "input");
    throw unservable(`input "${value.name}" is no tensor`);
  });
}

/** The outputs of a model that are tensors (a map or sequence cannot be had); throws plugin.invalid when none is. */
export function outputValues(metadata: readonly OrtMetadata[]): OnnxValue[] {
  const tensors = metadata.filter((value) => value.isTensor);
  if (tensors.length === 0) throw unservable("none of its outputs is a tensor");
  return tensors.map((value) => valueOf(value, "output"));
}

function valueOf(value: OrtMetadata & { isTensor: true }, role: string): OnnxValue {
  const { name, type, shape } = value;
  const datatype = DATATYPE_OF[type];
  if (datatype === undefined) {
    throw unservable(`${role} "${name}" is of type ${type}, which no request can carry`);
  }
  return { name, datatype, axes: shape.map(axisOf) };
}

/** onnxruntime-web gives -1 as an unsigned number where an axis has no name. */
function axisOf(size: number | string): Axis {
  if (typeof size === "string") return { size: -1, symbol: size };
  return size < 0 || size >= 2 ** 31 ? { size: -1, symbol: "" } : { size };
}

function unservable(why: string): DingError {
  return new DingError("plugin.invalid", `Cannot serve the model: ${why}`);
}
