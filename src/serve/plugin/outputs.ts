import { DingError } from "../../core/errors.ts";
import { Tensor, type TensorData } from "../../protocol/tensor.ts";
import type { Soon } from "../soon.ts";

/** What a step gave, when it has come: also where it is a list of promises, as `inputs.map(async …)` makes. */
export function settled(given: unknown): unknown {
  return isPending(given) ? Promise.all(given) : given;
}

function isPending(given: unknown): given is readonly unknown[] {
  return Array.isArray(given) && given.some(isThenable);
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<PromiseLike<unknown>>).then === "function"
  );
}

/**
 * The outputs of a step as a list, one for each item, at once where they are there; throws, or rejects with,
 * task.invalid-result, with both numbers, when they are not as many.
 */
export function outputList(given: unknown, count: number, step: string): Soon<readonly unknown[]> {
  return isThenable(given) || isPending(given)
    ? outputsLater(given, count, step)
    : checkedList(given, count, { given, step });
}

async function outputsLater(
  given: unknown,
  count: number,
  step: string,
): Promise<readonly unknown[]> {
  return checkedList(await settled(await given), count, { given, step });
}

function checkedList(
  come: unknown,
  count: number,
  { given, step }: { given: unknown; step: string },
): readonly unknown[] {
  const outputs = listOf(come);
  if (outputs?.length === count) return outputs;
  const got = outputs ? `${outputs.length}` : nameOf(given);
  const message = `Cannot use what ${step} returned: ${got} for ${count} ${count === 1 ? "item" : "items"}`;
  throw new DingError("task.invalid-result", message, {
    hint: `Let ${step} return a list with one output for each item, in their order.`,
    details: { outputs: outputs?.length ?? null, items: count },
  });
}

function listOf(given: unknown): readonly unknown[] | undefined {
  if (Array.isArray(given)) return given;
  if (given instanceof Tensor) return rowsOf(given);
  if (ArrayBuffer.isView(given) && !(given instanceof DataView)) {
    return Array.from(given as Float32Array);
  }
  return undefined;
}

/** Along the first axis; a row of one axis less, or a number. */
function rowsOf({ data, shape, dtype }: Tensor): readonly unknown[] | undefined {
  const [rows, ...tail] = shape;
  if (rows === undefined) return undefined;
  if (tail.length === 0) return Array.from(data as Float32Array);
  const size = data.length / (rows || 1);
  return Array.from({ length: rows }, (_, row) => {
    const part = data.subarray(row * size, (row + 1) * size) as TensorData;
    return new Tensor(part, tail, dtype);
  });
}

function nameOf(given: unknown): string {
  if (given === undefined) return "nothing";
  if (given === null) return "null";
  return typeof given === "object" ? `an object that is no list` : `a ${typeof given}`;
}
