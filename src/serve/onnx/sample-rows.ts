import { textElements } from "../../protocol/bytes-elements.ts";
import { DATATYPES, type Signature, type TensorSpec } from "../../protocol/datatype.ts";
import { sizeOf } from "../../protocol/tensor.ts";
import type { NamedTensor } from "../inference.ts";

/** Sizes to try for axes of any size: what is small is quick, and some models take no less. */
const SIZES = [16, 64, 256, 512] as const;

/**
 * A row to try a model with, or several of different sizes if it has axes of any size. Elements are small and differ, and
 * none is a zero, which would hide what it is multiplied by; whole numbers are 1 or 2: a token, a length. `turn` gives another row.
 */
export function sampleRows(inputs: Signature, turn = 0): NamedTensor[][] {
  const specs = Object.entries(inputs);
  const isOpen = specs.some(([, { shape }]) => shape.slice(1).includes(-1));
  const sizes = isOpen ? SIZES : SIZES.slice(0, 1);
  return sizes.map((size) => specs.map(([name, spec]) => sample(name, spec, { size, turn })));
}

function sample(
  name: string,
  { datatype, shape }: TensorSpec,
  { size, turn }: { size: number; turn: number },
): NamedTensor {
  const tail = shape.slice(1).map((each) => (each === -1 ? size : each));
  const turns = Array.from({ length: sizeOf(tail) }, (_, index) => index + turn);
  return { name, datatype, shape: [1, ...tail], data: elements(datatype, turns) };
}

function elements(datatype: NamedTensor["datatype"], turns: readonly number[]): Uint8Array {
  if (datatype === "BYTES") return textElements(turns.map((turn) => (turn % 2 ? "a" : "b")));
  const { array: Elements, bytes } = DATATYPES[datatype];
  const data = new Uint8Array(turns.length * bytes);
  const view = new Elements(data.buffer);
  for (const [index, turn] of turns.entries()) {
    if (datatype === "BOOL") view[index] = turn % 2;
    else if (datatype.startsWith("FP")) view[index] = (1 + (turn % 7)) / 8;
    else if (view instanceof BigInt64Array || view instanceof BigUint64Array) {
      view[index] = BigInt(1 + (turn % 2));
    } else view[index] = 1 + (turn % 2);
  }
  return data;
}
