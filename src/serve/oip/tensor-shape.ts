import type { FaceTensor } from "./model-face.ts";
import { fault, shown } from "./fault.ts";

/** The shape that a request gives a tensor; throws where that is not the model's, with the path of the fault. */
export function readShape(given: unknown, { shape, axis }: FaceTensor, path: string): number[] {
  if (!Array.isArray(given)) throw fault(path, `expected a list of sizes, got ${shown(given)}`);
  if (given.length !== shape.length) {
    const expected = `${axesOf(shape)} as in [${shape.join(", ")}]`;
    throw fault(path, `expected ${expected}, got ${axesOf(given)}`);
  }
  for (let index = 0; index < given.length; index++) {
    const size: unknown = given[index];
    if (!Number.isSafeInteger(size) || (size as number) < 0) {
      throw fault(`${path}[${index}]`, `expected a whole number, 0 or more, got ${shown(size)}`);
    }
    if (index === axis) {
      if (size === 0) throw fault(`${path}[${index}]`, "expected 1 row or more, got 0");
    } else if (shape[index] !== -1 && shape[index] !== size) {
      throw fault(`${path}[${index}]`, `expected ${shape[index]}, got ${String(size)}`);
    }
  }
  return given as number[];
}

/** How many elements a shape holds; throws where that is more than can be counted. */
export function countOf(shape: readonly number[], path: string): number {
  let count = 1;
  let hasNone = false;
  for (const size of shape) {
    if (size === 0) hasNone = true;
    else count *= size;
  }
  if (hasNone) return 0;
  if (!Number.isSafeInteger(count)) throw fault(path, "it has more elements than can be counted");
  return count;
}

function axesOf({ length }: readonly unknown[]): string {
  return length === 1 ? "1 axis" : `${length} axes`;
}
