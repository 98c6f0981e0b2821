import { DingError } from "../core/errors.ts";
import type { TensorData } from "./tensor.ts";

/** The element types of the Open Inference Protocol v2, and Triton's BF16. */
export const DATATYPES = {
  BOOL: { bytes: 1, array: Uint8Array },
  UINT8: { bytes: 1, array: Uint8Array },
  UINT16: { bytes: 2, array: Uint16Array },
  UINT32: { bytes: 4, array: Uint32Array },
  UINT64: { bytes: 8, array: BigUint64Array },
  INT8: { bytes: 1, array: Int8Array },
  INT16: { bytes: 2, array: Int16Array },
  INT32: { bytes: 4, array: Int32Array },
  INT64: { bytes: 8, array: BigInt64Array },
  FP16: { bytes: 2, array: Float16Array },
  /** The upper half of an FP32; its raw bits lie in a Uint16Array. */
  BF16: { bytes: 2, array: Uint16Array },
  FP32: { bytes: 4, array: Float32Array },
  FP64: { bytes: 8, array: Float64Array },
  /** Each element is a little-endian u32 length and that many bytes. */
  BYTES: { bytes: 0, array: Uint8Array },
} as const;

/** The name of an element type. */
export type Datatype = keyof typeof DATATYPES;

/** What a model says of one of its inputs or outputs. */
export interface TensorSpec {
  readonly datatype: Datatype;
  /** The first axis is the batch; -1 is any size. */
  readonly shape: readonly number[];
  /**
   * Where clients see the batch, which lies on the first axis here: on another axis, or (null) on none, as all rows of a
   * request share the tensor. 0 when not said.
   */
  readonly axis?: number | null;
  /** Of BYTES: the model's code gets and gives texts (UTF-8) instead of bytes. */
  readonly as?: "text";
}

/** Tensors by name, in order. */
export type Signature = Readonly<Record<string, TensorSpec>>;

/** Is this the name of an element type? */
export function isDatatype(name: unknown): name is Datatype {
  return typeof name === "string" && Object.hasOwn(DATATYPES, name);
}

/** The elements that lie in these bytes, little-endian; without a copy where the bytes are aligned. Not for BYTES. */
export function elementsOf(datatype: Exclude<Datatype, "BYTES">, bytes: Uint8Array): TensorData {
  const { bytes: size, array: Elements } = DATATYPES[datatype];
  if (bytes.length % size !== 0) {
    const why = `${bytes.length} bytes are no whole number of ${size}-byte elements`;
    throw new DingError("usage.invalid-input", `Cannot read ${datatype} elements: ${why}`);
  }
  const isAligned = bytes.byteOffset % size === 0;
  const { buffer, byteOffset } = isAligned ? bytes : bytes.slice();
  return new Elements(buffer as ArrayBuffer, byteOffset, bytes.length / size);
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return data instanceof Uint8Array
    ? data
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
