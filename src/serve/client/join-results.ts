import { DingError } from "../../core/errors.ts";
import { Tensor, type TensorData } from "../../protocol/tensor.ts";

/**
 * Results one behind the other: typed arrays of one kind become one of it,
 * tensors one with a longer first axis, lists one list, objects an object of
 * what their members become; numbers and texts a list of them.
 */
export function joinResults(results: readonly unknown[]): unknown {
  const [first] = results;
  if (first === undefined) return [...results];
  if (isTyped(first)) return joinTyped(allAs(results, (one) => isSameKind(one, first)));
  if (first instanceof Tensor) {
    return joinTensors(allAs(results, (one): one is Tensor => one instanceof Tensor));
  }
  if (Array.isArray(first)) {
    return allAs(results, (one): one is unknown[] => Array.isArray(one)).flat();
  }
  return isRecord(first) ? joinRecords(allAs(results, isRecord), Object.keys(first)) : [...results];
}

function joinTyped(arrays: readonly TensorData[]): TensorData {
  const [first] = arrays as [TensorData];
  const length = arrays.reduce((sum, one) => sum + one.length, 0);
  const Elements = first.constructor as new (length: number) => Float32Array;
  const whole = new Elements(length);
  let at = 0;
  for (const one of arrays) {
    // All are of one kind.
    whole.set(one as Float32Array, at);
    at += one.length;
  }
  return whole;
}

function joinTensors(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors as [Tensor];
  const rest = String(first.shape.slice(1));
  for (const { dtype, shape } of tensors) {
    if (dtype !== first.dtype || shape.length === 0 || String(shape.slice(1)) !== rest) {
      throw misfit(`shape [${shape.join(", ")}] of ${dtype} beside [${first.shape.join(", ")}]`);
    }
  }
  const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const data = joinTyped(tensors.map((one) => one.data));
  return new Tensor(data, [rows, ...first.shape.slice(1)], first.dtype);
}

function joinRecords(records: readonly Record<string, unknown>[], keys: string[]): unknown {
  for (const record of records) {
    const own = Object.keys(record);
    if (own.length !== keys.length || !keys.every((key) => Object.hasOwn(record, key))) {
      throw misfit(`members ${own.join(", ")} beside ${keys.join(", ")}`);
    }
  }
  const joined = keys.map((key) => [key, joinResults(records.map((record) => record[key]))]);
  return Object.fromEntries(joined);
}

function allAs<T>(results: readonly unknown[], is: (one: unknown) => one is T): readonly T[] {
  const odd = results.find((one) => !is(one));
  if (results.every(is)) return results;
  throw misfit(`${nameOf(odd)} beside ${nameOf(results[0])}`);
}

function isTyped(value: unknown): value is TensorData {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function isSameKind(value: unknown, first: TensorData): value is TensorData {
  return isTyped(value) && value.constructor === first.constructor;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return value.constructor?.name ?? typeof value;
}

function misfit(why: string): DingError {
  return new DingError("usage.invalid-input", `Cannot join results: ${why}`, {
    hint: "Leave out concat, and join them yourself.",
  });
}
