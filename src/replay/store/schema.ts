import { checkCount, checkKeys, optionFault } from "../faults.ts";

/** Typed arrays that columns lie in. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

interface NumberArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): NumberArray;
  new (values: ArrayLike<number>): NumberArray;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): NumberArray;
}

/** Kinds of elements by name. */
export const ELEMENTS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const satisfies Record<string, NumberArrayConstructor>;

/** What a column holds: numbers of one kind, or any values. */
export type Dtype = keyof typeof ELEMENTS | "object";

/** One column of a schema: the kind, and the shape of one step's value (a scalar without it). */
export type ColumnSchema = Dtype | { dtype: Dtype; shape?: readonly number[] };

/** The columns of a step by name. */
export type Schema = Readonly<Record<string, ColumnSchema>>;

/** One column, read from its schema. */
export interface ColumnPlan {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  /** Elements of one step. */
  width: number;
}

/** Without a schema there is one column of this name, of any values. */
export const ITEM_COLUMN = "item";
export const NO_SCHEMA: Schema = { [ITEM_COLUMN]: "object" };

/** The columns of a schema; `usage.invalid-option` with the path of what is wrong. */
export function plansOf(schema: Schema): ColumnPlan[] {
  const plans = Object.entries(schema).map(([name, column]) => planOf(name, column));
  if (plans.length === 0) throw optionFault("schema", "it has no columns");
  return plans;
}

function planOf(name: string, column: ColumnSchema): ColumnPlan {
  const path = `schema.${name}`;
  if (typeof column !== "string") checkKeys(path, column, ["dtype", "shape"]);
  const { dtype, shape = [] } = typeof column === "string" ? { dtype: column } : column;
  if (dtype !== "object" && !Object.hasOwn(ELEMENTS, dtype)) {
    const known = [...Object.keys(ELEMENTS), "object"].join(", ");
    throw optionFault(path, `there is no dtype "${String(dtype)}"`, `Take one of ${known}.`);
  }
  if (!Array.isArray(shape)) throw optionFault(`${path}.shape`, "it is no list of sizes");
  for (const size of shape) checkCount(`${path}.shape`, size);
  if (dtype === "object" && shape.length > 0) {
    throw optionFault(`${path}.shape`, "an object has none");
  }
  return { name, dtype, shape, width: shape.reduce((product, size) => product * size, 1) };
}
