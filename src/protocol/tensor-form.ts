import { NetworkError } from "../core/errors.ts";
import { DTYPES, Tensor, sizeOf } from "./tensor.ts";

/**
 * The map by which msgpack-numpy writes an array, its keys as byte strings:
 * `{nd: true, type: "<f4", kind: "", shape: [2, 3], data: …}`; a number of
 * numpy's own types is `{nd: false, type, data}`. Here is what stands before
 * the shape, for each dtype.
 */
const STARTS: Record<string, Uint8Array> = Object.fromEntries(
  Object.keys(DTYPES).map((dtype) => [dtype, startOf(dtype)]),
);
const DATA_KEY = [0xc4, 4, ...ascii("data")];
const FIXARRAY_LIMIT = 16;

/** A tensor's msgpack bytes up to its elements, which follow as one byte string. */
export function tensorHead({ dtype, shape }: Tensor): Uint8Array {
  const start = STARTS[dtype] as Uint8Array; // a Tensor is made of known dtypes only
  const rest = shape.length < FIXARRAY_LIMIT ? [0x90 | shape.length] : [0xdc, 0, shape.length];
  for (const size of shape) pushUnsigned(rest, size);
  rest.push(...DATA_KEY);
  const head = new Uint8Array(start.length + rest.length);
  head.set(start);
  head.set(rest, start.length);
  return head;
}

/** What a map with the key "nd" means: a Tensor, a number, or, if it is none of numpy's, the map itself. */
export function readTensorForm(map: Record<string, unknown>): unknown {
  const { nd, type, shape, data } = map;
  if (typeof type !== "string" || !(data instanceof Uint8Array)) return map;
  const dtype = littleEndianName(type);
  const make = Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype] : undefined;
  if (make === undefined || (nd === true && !Array.isArray(shape))) return map;
  const dimensions = nd === true ? (shape as unknown[]).map(Number) : [];
  const size = sizeOf(dimensions);
  if (size * make.BYTES_PER_ELEMENT !== data.length) {
    const need = `shape [${dimensions.join(", ")}] of "${type}" takes ${size * make.BYTES_PER_ELEMENT} bytes`;
    throw new NetworkError("network.protocol", `Cannot read tensor: ${need}: got ${data.length}`);
  }
  const elements = viewOf(data, make, type.startsWith(">"));
  if (nd === true) return new Tensor(elements, dimensions, dtype);
  return dtype === "|b1" ? elements[0] !== 0 : Number(elements[0]);
}

/** The bytes as elements: a view of them if they lie where the element type needs them, else a copy. */
export function viewOf(
  bytes: Uint8Array,
  make: (typeof DTYPES)[string],
  isBigEndian = false,
): InstanceType<typeof make> {
  const width = make.BYTES_PER_ELEMENT;
  const isAligned = bytes.byteOffset % width === 0;
  const own = isAligned && !isBigEndian ? bytes : bytes.slice();
  if (isBigEndian) for (let i = 0; i < own.length; i += width) own.subarray(i, i + width).reverse();
  return new make(own.buffer, own.byteOffset, own.length / width);
}

function littleEndianName(type: string): string {
  if (type.endsWith("1")) return `|${type.slice(1)}`;
  return /^[>=]/.test(type) ? `<${type.slice(1)}` : type;
}

function startOf(dtype: string): Uint8Array {
  const type = [0xc4, 4, ...ascii("type"), 0xa0 | dtype.length, ...ascii(dtype)];
  const kind = [0xc4, 4, ...ascii("kind"), 0xc4, 0];
  const shape = [0xc4, 5, ...ascii("shape")];
  return Uint8Array.of(0x85, 0xc4, 2, ...ascii("nd"), 0xc3, ...type, ...kind, ...shape);
}

function ascii(text: string): number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}

function pushUnsigned(bytes: number[], value: number): void {
  if (value < 2 ** 7) bytes.push(value);
  else if (value < 2 ** 8) bytes.push(0xcc, value);
  else if (value < 2 ** 16) bytes.push(0xcd, value >> 8, value & 255);
  else bytes.push(0xce, value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255);
}
