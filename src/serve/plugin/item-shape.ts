import type { Signature, TensorSpec } from "../../protocol/datatype.ts";
import type { Tensor } from "../../protocol/tensor.ts";
import type { StandardSchema } from "../../plugin/schema.ts";

/** What the elements of each datatype come in. */
interface ElementArrays {
  BOOL: Uint8Array;
  UINT8: Uint8Array;
  UINT16: Uint16Array;
  UINT32: Uint32Array;
  UINT64: BigUint64Array;
  INT8: Int8Array;
  INT16: Int16Array;
  INT32: Int32Array;
  INT64: BigInt64Array;
  FP16: Float16Array;
  /** Widened: the platform has no bfloat16. */
  BF16: Float32Array;
  FP32: Float32Array;
  FP64: Float64Array;
  BYTES: Uint8Array[];
}

type ElementsOfSpec<Spec extends TensorSpec> = Spec extends { as: "text" }
  ? string[]
  : ElementArrays[Spec["datatype"]];

/** What a model's code may give for a tensor of one item. */
type GivenElements<Spec extends TensorSpec> =
  | ElementsOfSpec<Spec>
  | Tensor
  | readonly (number | bigint | boolean | string)[]
  | number
  | bigint
  | boolean
  | string;

/** What a model's input or output may be described by. */
export type Description = Signature | StandardSchema | undefined;

interface TypedSchema<Value> {
  readonly "~standard": { readonly types?: { readonly output: Value } | undefined };
}

/** An item as `predict` gets it. */
export type InputItem<D extends Description> = D extends Signature
  ? { [Name in keyof D]: ElementsOfSpec<D[Name]> }
  : D extends TypedSchema<infer Value>
    ? Value
    : // oxlint-disable-next-line typescript/no-explicit-any -- without a description an item is any value, and the plugin says which
      any;

/** An output as `predict` gives it. */
export type OutputItem<D extends Description> = D extends Signature
  ? { [Name in keyof D]: GivenElements<D[Name]> }
  : unknown;

/** An item for the warm-up, as a client may send it. */
export type WarmItem<D extends Description> = D extends Signature ? OutputItem<D> : InputItem<D>;
