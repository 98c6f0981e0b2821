import { Buffer } from "node:buffer";
import { viewOf } from "./tensor-form.ts";
import type { DTYPES } from "./tensor.ts";

/** The extension types that msgpackr writes and ding reads. */
export const EXTENSION = {
  UNDEFINED: 0x00,
  BIGINT: 0x42,
  ERROR: 0x65,
  SET: 0x73,
  TYPED_ARRAY: 0x74,
  REGEXP: 0x78,
  TIMESTAMP: 0xff,
} as const;

/** Larger integers are within what the engines can hold, and beyond what anybody counts. */
const BIGINT_LIMIT_BYTES = 64 * 1024;
/** The number of a Float16Array among the typed arrays. */
export const HALF_ARRAY = 11;
const ARRAY_BUFFER = 16;
const DATA_VIEW = 17;
const ARRAY_TYPES = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Float16Array, // msgpackr has no number for it: this is ours
];

const ERROR_TYPES = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];

/** An extension whose whole value lies in its payload; undefined when the type is unknown. */
export function readPayload(
  type: number,
  payload: Uint8Array,
  mayAlias: boolean,
): { value: unknown } | undefined {
  switch (type) {
    case EXTENSION.UNDEFINED:
      return { value: undefined };
    case EXTENSION.BIGINT:
      return { value: readBigInt(payload) };
    case EXTENSION.TYPED_ARRAY:
      return { value: readTypedArray(payload, mayAlias) };
    case EXTENSION.TIMESTAMP:
      return { value: readTimestamp(payload) };
    default:
      return undefined;
  }
}

/** An extension that marks the value behind it; undefined when there is none such. */
export function readMark(type: number, value: unknown): { value: unknown } | undefined {
  if (!Array.isArray(value)) return undefined;
  switch (type) {
    case EXTENSION.SET:
      return { value: new Set(value) };
    case EXTENSION.ERROR:
      return { value: readError(value) };
    case EXTENSION.REGEXP:
      return { value: new RegExp(String(value[0]), String(value[1])) };
    default:
      return undefined;
  }
}

function readBigInt(payload: Uint8Array): bigint {
  const { buffer, byteOffset, length } = payload;
  if (length === 0) return 0n;
  if (length > BIGINT_LIMIT_BYTES) throw new TypeError(`integer of ${length} bytes`);
  const hex = Buffer.from(buffer, byteOffset, length).toString("hex");
  return BigInt.asIntN(length * 8, BigInt(`0x${hex}`));
}

function readTypedArray(payload: Uint8Array, mayAlias: boolean): unknown {
  const type = payload[0] as number;
  if (type === ARRAY_BUFFER) return payload.slice(1).buffer;
  if (type === DATA_VIEW) return new DataView(payload.slice(1).buffer);
  const bytes = mayAlias ? payload.subarray(1) : payload.slice(1);
  const make: (typeof DTYPES)[string] | undefined = ARRAY_TYPES[type];
  if (make === undefined) throw new TypeError(`typed array of unknown type ${type}`);
  if (bytes.length % make.BYTES_PER_ELEMENT !== 0) throw new TypeError("typed array cut short");
  return viewOf(bytes, make);
}

function readError([name, message, cause]: unknown[]): Error {
  const known = ERROR_TYPES.find((type) => type.name === name);
  const options = cause === undefined ? undefined : { cause };
  const error = new (known ?? Error)(String(message), options);
  if (!known) error.name = String(name);
  return error;
}

/** Seconds and nanoseconds in the three lengths of the msgpack specification. */
function readTimestamp(payload: Uint8Array): Date {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  switch (payload.length) {
    case 4:
      return new Date(view.getUint32(0) * 1_000);
    case 8: {
      const high = view.getUint32(0);
      const seconds = (high & 3) * 2 ** 32 + view.getUint32(4);
      return new Date(seconds * 1_000 + Math.floor((high >>> 2) / 1e6));
    }
    case 12:
      return new Date(Number(view.getBigInt64(4)) * 1_000 + Math.floor(view.getUint32(0) / 1e6));
    default:
      return new Date(Number.NaN);
  }
}
