import type { TensorData } from "./tensor.ts";

/** Typed arrays up to this size go through scratch memory: to ask one of them for its buffer takes longer than to copy it. */
export const SMALL_ARRAY_BYTES = 64;

const { buffer } = new Uint8Array(SMALL_ARRAY_BYTES);
const bytes = new Uint8Array(buffer);

/** The scratch memory as elements, by the numbers that msgpackr has for their types. */
const SCRATCH = [
  new Int8Array(buffer),
  bytes,
  new Uint8ClampedArray(buffer),
  new Int16Array(buffer),
  new Uint16Array(buffer),
  new Int32Array(buffer),
  new Uint32Array(buffer),
  new Float32Array(buffer),
  new Float64Array(buffer),
  new BigInt64Array(buffer),
  new BigUint64Array(buffer),
] as const;

/** The bytes of a small array of this type, for those who read them at once; only as many as it has. */
export function smallArrayBytes(type: number, array: ArrayBufferView): Uint8Array {
  SCRATCH[type]?.set(array as never);
  return bytes;
}

/** The small array whose bytes lie between two places; undefined where they are not of this type. */
export function readSmallArray(
  type: number,
  source: Uint8Array,
  [from, to]: [number, number],
): TensorData | undefined {
  const elements = SCRATCH[type];
  const length = to - from;
  if (!elements || length > SMALL_ARRAY_BYTES) return undefined;
  const count = length / elements.BYTES_PER_ELEMENT;
  if (count !== Math.floor(count)) return undefined;
  for (let index = 0; index < length; index++) bytes[index] = source[from + index] as number;
  return elements.slice(0, count);
}
