import { DingError } from "../core/errors.ts";

/** What the elements of a tensor can lie in. */
export type TensorData =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float16Array
  | Float32Array
  | Float64Array;

/** Lists in lists, as numpy's `tolist()` gives them; a tensor without dimensions is its element. */
export type NestedNumbers = number | bigint | NestedNumbers[];

interface DataConstructor {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorData;
}

/** numpy's names of element types (all little-endian, or of one byte) and what holds them here. */
export const DTYPES: Readonly<Record<string, DataConstructor>> = {
  "|b1": Uint8Array,
  "|i1": Int8Array,
  "|u1": Uint8Array,
  "<i2": Int16Array,
  "<u2": Uint16Array,
  "<i4": Int32Array,
  "<u4": Uint32Array,
  "<i8": BigInt64Array,
  "<u8": BigUint64Array,
  "<f2": Float16Array,
  "<f4": Float32Array,
  "<f8": Float64Array,
};

const DTYPE_OF: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(DTYPES).map(([dtype, { name }]) => [name, dtype])),
  Uint8Array: "|u1",
  Uint8ClampedArray: "|u1",
  Buffer: "|u1",
};

/** An empty tensor of shape [1e9, 0] is a few bytes, and a billion lists. */
const EMPTY_LISTS_LIMIT = 2 ** 20;

/**
 * Numbers with a shape. Over msgpack it travels in the form that Python's
 * msgpack-numpy reads and writes, and comes back as a Tensor; over JSON as
 * nested lists.
 */
export class Tensor<D extends TensorData = TensorData> {
  /** numpy's name of the element type, such as "<f4". */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The elements in row-major order. */
  readonly data: D;

  /** The dtype follows from `data`; give "|b1" for booleans. Shape and data must fit. */
  constructor(data: D, shape: readonly number[] = [data.length], dtype?: string) {
    this.dtype = dtype ?? dtypeOf(data);
    this.shape = shape;
    this.data = data;
    if (DTYPES[this.dtype]?.BYTES_PER_ELEMENT !== data.BYTES_PER_ELEMENT) {
      throw refusal(`dtype "${this.dtype}" does not fit ${data.constructor.name}`);
    }
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw refusal(`shape [${shape.join(", ")}] must be of whole numbers, 0 or more`);
    }
    if (sizeOf(shape) !== data.length) {
      const fit = `shape [${shape.join(", ")}] holds ${sizeOf(shape)} elements`;
      throw refusal(`${fit}: data has ${data.length}`);
    }
  }

  /** Lists in lists. */
  toArray(): NestedNumbers {
    const data: ArrayLike<number | bigint> = this.data;
    if (
      data.length === 0 &&
      sizeOf(this.shape.slice(0, this.shape.indexOf(0))) > EMPTY_LISTS_LIMIT
    ) {
      throw refusal(`shape [${this.shape.join(", ")}] is too large for lists`);
    }
    let next = 0;
    const take = (dimension: number): NestedNumbers => {
      const size = this.shape[dimension];
      if (size === undefined) return data[next++] as number | bigint;
      return Array.from({ length: size }, () => take(dimension + 1));
    };
    return take(0);
  }

  toJSON(): NestedNumbers {
    return this.toArray();
  }
}

/** How many elements a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function dtypeOf(data: TensorData): string {
  const dtype = DTYPE_OF[data.constructor.name];
  if (dtype === undefined) throw refusal(`no dtype is known for ${data.constructor.name}`);
  return dtype;
}

function refusal(why: string): DingError {
  return new DingError("usage.invalid-input", `Cannot use tensor: ${why}`);
}
