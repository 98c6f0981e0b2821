import type { ErrorRecord } from "../core/errors.ts";
import {
  aligned,
  type GroupHead,
  type Part,
  type PerPayload,
  type Stacked,
  type TensorHead,
} from "./frame-groups.ts";
import type { NamedTensor, Tensors, Values } from "./inference.ts";

/** Values of several payloads. */
export interface ValuesGroup {
  readonly kind: "values";
  readonly payloads: readonly Values[];
}

/** What follows each other in a frame and is alike; `odd` are tensors that do not fit their rows. */
export type Group =
  | Stacked
  | ValuesGroup
  | { readonly kind: "error"; readonly error: ErrorRecord }
  | { readonly kind: "odd"; readonly payload: Tensors };

/** The groups that these heads tell of, as views of the bytes; each call of it reads on. */
export function readGroups(heads: readonly GroupHead[], bytes: Uint8Array): Group[] {
  const cursor = new Cursor(bytes);
  return heads.map((head) => readGroup(head, cursor));
}

/** The payloads of a group, as views of it. */
export function partsOf(group: Group): Part[] {
  if (group.kind === "error") return [{ error: group.error }];
  if (group.kind === "odd") return [group.payload];
  if (group.kind === "values") return [...group.payloads];
  const { rows, tensors, lengths } = group;
  // One payload has all of it.
  if (rows.length === 1) return [{ kind: "tensors", rows: group.totalRows, tensors }];
  const at = tensors.map(() => 0);
  return rows.map((count, payload) => {
    const parts: NamedTensor[] = [];
    for (let index = 0; index < tensors.length; index++) {
      const { name, datatype, shape, data } = tensors[index] as NamedTensor;
      const from = at[index] as number;
      const to = from + numberOf(lengths[index] as PerPayload, payload);
      at[index] = to;
      const own = [count, ...shape.slice(1)];
      parts.push({ name, datatype, shape: own, data: data.subarray(from, to) });
    }
    return { kind: "tensors", rows: count, tensors: parts };
  });
}

function readGroup(head: GroupHead, cursor: Cursor): Group {
  switch (head[0]) {
    case 0: {
      const [, count, rows, heads] = head;
      const totalRows = sumOf(rows, count);
      const tensors: NamedTensor[] = [];
      const lengths: PerPayload[] = [];
      for (let index = 0; index < heads.length; index++) {
        const [name, datatype, tail, each] = heads[index] as TensorHead;
        const data = cursor.run(sumOf(each, count));
        tensors.push({ name, datatype, shape: [totalRows, ...tail], data });
        lengths.push(each);
      }
      return { kind: "stacked", rows: listOf(rows, count), totalRows, tensors, lengths };
    }
    case 1:
      return readValues(head, cursor);
    case 2:
      return { kind: "error", error: head[1] };
    case 3: {
      const [, rows, heads] = head;
      const tensors = heads.map(([name, datatype, shape, length]) => ({
        name,
        datatype,
        shape,
        data: cursor.run(numberOf(length, 0)),
      }));
      return { kind: "odd", payload: { kind: "tensors", rows, tensors } };
    }
  }
}

function readValues(head: Extract<GroupHead, readonly [1, ...unknown[]]>, cursor: Cursor): Group {
  const [, form, sizes, count, lengths] = head;
  const all = cursor.run(sumOf(lengths, sumOf(sizes, count)));
  const payloads: Values[] = [];
  let at = 0;
  let index = 0;
  for (let payload = 0; payload < count; payload++) {
    const values: Uint8Array[] = [];
    for (let left = numberOf(sizes, payload); left > 0; left--) {
      const length = numberOf(lengths, index++);
      values.push(all.subarray(at, at + length));
      at += length;
    }
    payloads.push({ kind: "values", form, values });
  }
  return { kind: "values", payloads };
}

/** Goes through the bytes of a frame, run by run. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  run(length: number): Uint8Array {
    const from = this.#at;
    this.#at = aligned(from + length);
    return this.#bytes.subarray(from, from + length);
  }
}

function numberOf(numbers: PerPayload, index: number): number {
  return typeof numbers === "number" ? numbers : (numbers[index] ?? 0);
}

function listOf(numbers: PerPayload, count: number): readonly number[] {
  if (typeof numbers !== "number") return numbers;
  const list: number[] = [];
  for (let index = 0; index < count; index++) list.push(numbers);
  return list;
}

function sumOf(numbers: PerPayload, count: number): number {
  if (typeof numbers === "number") return numbers * count;
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
