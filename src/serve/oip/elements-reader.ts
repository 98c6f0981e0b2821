import { textElements } from "../../protocol/bytes-elements.ts";
import { DATATYPES, bytesOf, type Datatype } from "../../protocol/datatype.ts";
import { fillOf, type Fill } from "./fill.ts";
import { fault, shown } from "./fault.ts";

/** What a tensor in JSON is said to be. */
export interface ToldTensor {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** How many elements that makes. */
  readonly count: number;
}

/** The elements of a tensor in JSON, nested or flat, as bytes; throws with the path of what does not fit. */
export function readElements(
  data: unknown,
  { datatype, shape, count }: ToldTensor,
  { path, mostElements }: { path: string; mostElements: number },
): Uint8Array {
  // A tensor without axes is its one element.
  const list = shape.length === 0 && !Array.isArray(data) ? [data] : data;
  if (!Array.isArray(list)) throw fault(path, `expected a list of elements, got ${shown(data)}`);
  const isNested = shape.length > 1 && Array.isArray(list[0]);
  // Memory follows from what came, never from what a shape says.
  if (isNested ? count > mostElements : list.length !== count) {
    const found = isNested ? "fewer" : String(list.length);
    throw fault(path, `expected ${count} elements as in [${shape.join(", ")}], got ${found}`);
  }
  const lists = { datatype, shape: isNested ? shape : [count], path, indexes: [] };
  if (datatype === "BYTES") {
    const texts: string[] = [];
    fillFrom(list, lists, fillTexts(texts));
    return textElements(texts);
  }
  const elements = new DATATYPES[datatype].array(count);
  fillFrom(list, lists, fillOf(elements, datatype));
  return bytesOf(elements);
}

interface Filling {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly path: string;
  /** Where we are: an index for each axis before this one. */
  readonly indexes: number[];
}

/** Gives how many elements there are now. */
function fillFrom(list: unknown, filling: Filling, fill: Fill, axis = 0, at = 0): number {
  const { shape, datatype, indexes } = filling;
  const size = shape[axis] as number;
  if (!Array.isArray(list)) {
    throw fault(pathOf(filling, axis), `expected a list, got ${shown(list)}`);
  }
  if (list.length !== size) {
    throw fault(pathOf(filling, axis), `expected ${size} elements, got ${list.length}`);
  }
  if (axis === shape.length - 1) {
    const bad = fill(list, at);
    if (bad < 0) return at + size;
    const found = shown(list[bad]);
    throw fault(`${pathOf(filling, axis)}[${bad}]`, `expected ${datatype}, got ${found}`);
  }
  let next = at;
  for (let index = 0; index < size; index++) {
    indexes[axis] = index;
    next = fillFrom(list[index], filling, fill, axis + 1, next);
  }
  return next;
}

function pathOf({ path, indexes }: Filling, axis: number): string {
  return (
    path +
    indexes
      .slice(0, axis)
      .map((index) => `[${index}]`)
      .join("")
  );
}

/** They come in order. */
function fillTexts(texts: string[]): Fill {
  return (list) => {
    for (let index = 0; index < list.length; index++) {
      const text = list[index];
      if (typeof text !== "string") return index;
      texts.push(text);
    }
    return -1;
  };
}
