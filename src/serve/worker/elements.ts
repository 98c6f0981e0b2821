import { narrowed, widened } from "../../protocol/bfloat.ts";
import { elementStarts, joinElements, LENGTH_BYTES } from "../../protocol/bytes-elements.ts";
import { DATATYPES, bytesOf, elementsOf, type TensorSpec } from "../../protocol/datatype.ts";
import { sizeOf, type TensorData } from "../../protocol/tensor.ts";
import type { NamedTensor } from "../inference.ts";
import { ItemFault } from "./item-fault.ts";

/** The elements of a tensor as a model's code has them: BF16 widened, BYTES as texts or byte strings. */
export type Elements = TensorData | readonly Uint8Array[] | readonly string[];

/** Rows as short as this are copied: that takes no longer than a view, and they may be kept. */
const SMALL_ROW_BYTES = 4096;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The rows of a tensor, one by one; the tensor fits its shape. Throws ItemFault where a text is none. */
export function rowsOfTensor(tensor: NamedTensor, as: TensorSpec["as"]): (row: number) => Elements {
  const { datatype, data, shape } = tensor;
  const size = sizeOf(shape.slice(1));
  if (datatype === "BYTES") return bytesRows(tensor, size, as);
  const all =
    datatype === "BF16"
      ? widened(elementsOf(datatype, data) as Uint16Array)
      : elementsOf(datatype, data);
  return size * all.BYTES_PER_ELEMENT <= SMALL_ROW_BYTES
    ? (row) => all.slice(row * size, (row + 1) * size)
    : (row) => all.subarray(row * size, (row + 1) * size);
}

function bytesRows(
  { name, data }: NamedTensor,
  size: number,
  as: TensorSpec["as"],
): (row: number) => Elements {
  const starts = elementStarts(data);
  const at = (index: number): Uint8Array =>
    data.slice((starts[index] as number) + LENGTH_BYTES, starts[index + 1]);
  return (row) => {
    const bytes = Array.from({ length: size }, (_, index) => at(row * size + index));
    if (as !== "text") return bytes;
    return bytes.map((one, index) => textOf(one, `${name}.${index}`));
  };
}

/** Bytes as text; throws ItemFault where they are none. */
export function textOf(bytes: Uint8Array, path: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ItemFault(path, "these bytes are no UTF-8 text");
  }
}

/** Rows as the protocol has them, and how many bytes each of them takes: one number when it is the same for all. */
export interface RowBytes {
  readonly data: Uint8Array;
  readonly rowLengths: number | readonly number[];
}

/** The bytes of a tensor's rows, all of one shape; without a copy where there is one row. */
export function bytesOfRows(rows: readonly Elements[], { datatype }: TensorSpec): RowBytes {
  if (datatype === "BYTES")
    return bytesOfTexts(rows as readonly (readonly (string | Uint8Array)[])[]);
  const [first] = rows as [TensorData, ...TensorData[]];
  const length = first?.length ?? 0;
  // One array for all, made of a buffer: to ask a small array for its buffer takes longer than to copy it.
  let all = first;
  if (rows.length !== 1) {
    const make = arrayOf(datatype);
    all = new make(new ArrayBuffer(length * rows.length * make.BYTES_PER_ELEMENT));
    for (let row = 0; row < rows.length; row++) all.set(rows[row] as never, row * length);
  }
  const data = bytesOf(datatype === "BF16" ? narrowed(all as Float32Array) : all);
  return { data, rowLengths: length * DATATYPES[datatype].bytes };
}

function bytesOfTexts(rows: readonly (readonly (string | Uint8Array)[])[]): RowBytes {
  const parts = rows.map((row) =>
    row.map((one) => (typeof one === "string" ? encoder.encode(one) : one)),
  );
  const rowLengths = parts.map((row) =>
    row.reduce((sum, part) => sum + LENGTH_BYTES + part.length, 0),
  );
  return { data: joinElements(parts.flat()), rowLengths };
}

/** What a model's code has the elements of this datatype in. */
export function arrayOf(datatype: Exclude<TensorSpec["datatype"], "BYTES">): {
  readonly BYTES_PER_ELEMENT: number;
  new (of: number | ArrayBuffer): TensorData;
} {
  return datatype === "BF16" ? Float32Array : DATATYPES[datatype].array;
}
