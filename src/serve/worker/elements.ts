import { Buffer } from "node:buffer";
import { DATATYPES, bytesOf, elementsOf, type TensorSpec } from "../../protocol/datatype.ts";
import { sizeOf, type TensorData } from "../../protocol/tensor.ts";
import type { NamedTensor } from "../inference.ts";
import { elementStarts } from "../rows.ts";
import { narrowed, widened } from "./bfloat.ts";
import { ItemFault } from "./item-fault.ts";

/** The elements of a tensor as a model's code has them: BF16 widened, BYTES as texts or byte strings. */
export type Elements = TensorData | readonly Uint8Array[] | readonly string[];

/** Rows as short as this are copied: that takes no longer than a view, and they may be kept. */
const SMALL_ROW_BYTES = 4096;

const decoder = new TextDecoder("utf-8", { fatal: true });
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
    data.slice((starts[index] as number) + 4, starts[index + 1]);
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

/** The bytes of a tensor's rows, as the protocol has them; without a copy where there is one row. */
export function bytesOfRows(rows: readonly Elements[], { datatype }: TensorSpec): Uint8Array {
  if (datatype === "BYTES")
    return joinedBytes((rows as (readonly (string | Uint8Array)[])[]).flat());
  const parts = rows.map((row) =>
    bytesOf(datatype === "BF16" ? narrowed(row as Float32Array) : (row as TensorData)),
  );
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}

function joinedBytes(elements: readonly (string | Uint8Array)[]): Uint8Array {
  const parts = elements.map((one) => (typeof one === "string" ? encoder.encode(one) : one));
  const length = parts.reduce((sum, part) => sum + 4 + part.length, 0);
  const all = new Uint8Array(length);
  const view = new DataView(all.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    all.set(part, at + 4);
    at += 4 + part.length;
  }
  return all;
}

/** What a model's code has the elements of this datatype in. */
export function arrayOf(datatype: Exclude<TensorSpec["datatype"], "BYTES">): {
  new (length: number): TensorData;
} {
  return datatype === "BF16" ? Float32Array : DATATYPES[datatype].array;
}
