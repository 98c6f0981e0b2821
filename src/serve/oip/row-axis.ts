import { joinElements, splitElements } from "../../protocol/bytes-elements.ts";
import { DATATYPES, type Datatype } from "../../protocol/datatype.ts";
import { sizeOf } from "../../protocol/tensor.ts";

/** A tensor as it lies in memory. */
export interface Lying {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** The same tensor with its axis `axis` first; without a copy where it is. */
export function rowsFirst({ datatype, shape, data }: Lying, axis: number): Lying {
  if (axis === 0) return { datatype, shape, data };
  const rows = shape[axis] as number;
  const outer = sizeOf(shape.slice(0, axis));
  return {
    datatype,
    shape: [rows, ...shape.toSpliced(axis, 1)],
    data: swapped({ datatype, data }, [outer, rows]),
  };
}

/** The same tensor with its first axis at `axis`; without a copy where it is. */
export function rowsAt({ datatype, shape, data }: Lying, axis: number): Lying {
  if (axis === 0) return { datatype, shape, data };
  const [rows = 0, ...tail] = shape;
  const outer = sizeOf(tail.slice(0, axis));
  return {
    datatype,
    shape: tail.toSpliced(axis, 0, rows),
    data: swapped({ datatype, data }, [rows, outer]),
  };
}

/** The first row, without its axis: of a tensor that all rows share. */
export function firstRow({ datatype, shape, data }: Lying): Lying {
  const [rows = 1, ...tail] = shape;
  const isText = datatype === "BYTES";
  return {
    datatype,
    shape: tail,
    data: isText
      ? joinElements(splitElements(data).slice(0, sizeOf(tail)))
      : data.subarray(0, data.length / rows),
  };
}

/** Blocks in a table of `from` × `to`, by columns. */
function swapped(
  { datatype, data }: Pick<Lying, "datatype" | "data">,
  [from, to]: [from: number, to: number],
): Uint8Array {
  if (data.length === 0 || from === 1 || to === 1) return data;
  if (datatype === "BYTES") return swappedElements(splitElements(data), from, to);
  const block = data.length / (from * to);
  if (block === DATATYPES[datatype].bytes) return swappedSingles(data, block, [from, to]);
  const bytes = new Uint8Array(data.length);
  for (let one = 0; one < from; one++) {
    for (let other = 0; other < to; other++) {
      const at = (one * to + other) * block;
      bytes.set(data.subarray(at, at + block), (other * from + one) * block);
    }
  }
  return bytes;
}

/** Blocks of one element: a view for each would cost too much. */
function swappedSingles(data: Uint8Array, size: number, [from, to]: [number, number]): Uint8Array {
  const bytes = new Uint8Array(data.length);
  for (let one = 0; one < from; one++) {
    for (let other = 0; other < to; other++) {
      const at = (one * to + other) * size;
      const target = (other * from + one) * size;
      for (let byte = 0; byte < size; byte++) bytes[target + byte] = data[at + byte] as number;
    }
  }
  return bytes;
}

function swappedElements(elements: Uint8Array[], from: number, to: number): Uint8Array {
  const block = elements.length / (from * to);
  const moved: Uint8Array[] = [];
  for (let other = 0; other < to; other++) {
    for (let one = 0; one < from; one++) {
      const at = (one * to + other) * block;
      moved.push(...elements.slice(at, at + block));
    }
  }
  return joinElements(moved);
}
