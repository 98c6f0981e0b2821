import type { ErrorRecord } from "../core/errors.ts";
import { DATATYPES, type Datatype } from "../protocol/datatype.ts";
import { sizeOf } from "../protocol/tensor.ts";
import type { NamedTensor, Payload, Tensors, Values } from "./inference.ts";

/** Where runs of bytes begin: fit for every element type. */
export const ALIGNMENT_BYTES = 8;

/** The next place at which elements of any type may begin. */
export function aligned(at: number): number {
  return at + (-at & (ALIGNMENT_BYTES - 1));
}

/** A number for each payload; one number when it is the same for all. */
export type PerPayload = number | readonly number[];

/** What stands in the head of a frame for a tensor of several payloads, whose bytes follow each other. */
export type TensorHead = readonly [
  name: string,
  datatype: Datatype,
  tail: readonly number[],
  bytes: PerPayload,
];

/** What stands in the head of a frame for payloads that follow each other and are alike. */
export type GroupHead =
  | readonly [kind: 0, count: number, rows: PerPayload, tensors: readonly TensorHead[]]
  | readonly [kind: 1, form: Values["form"], sizes: PerPayload, count: number, bytes: PerPayload]
  | readonly [kind: 2, error: ErrorRecord]
  /** Tensors whose shape and bytes do not fit their rows: as they came, for whoever will refuse them. */
  | readonly [kind: 3, rows: number, tensors: readonly TensorHead[]];

/** What a frame is made of. */
export interface Pieces {
  readonly heads: GroupHead[];
  /** Runs of byte strings that follow each other; each run begins aligned. */
  readonly runs: (readonly Uint8Array[])[];
}

/** One payload of a frame, or the error in its place. */
export type Part = Payload | { readonly error: ErrorRecord };

/** Tensors of several payloads, one behind the other. */
export interface Stacked {
  readonly kind: "stacked";
  /** Of each payload. */
  readonly rows: readonly number[];
  readonly totalRows: number;
  /** Of all rows. */
  readonly tensors: readonly NamedTensor[];
  /** How many bytes of each tensor belong to each payload. */
  readonly lengths: readonly PerPayload[];
}

/** Sorts payloads into groups: tensors of one name lie side by side, so that a whole batch is one tensor. */
export function piecesOf(parts: readonly (Part | Stacked)[]): Pieces {
  const pieces: Pieces = { heads: [], runs: [] };
  for (let from = 0; from < parts.length;) {
    const first = parts[from] as Part | Stacked;
    let to = from + 1;
    if ("error" in first) {
      pieces.heads.push([2, first.error]);
    } else if (first.kind === "stacked") {
      addStacked(pieces, first);
    } else if (first.kind === "values") {
      while (to < parts.length && isSameForm(parts[to] as Part | Stacked, first)) to += 1;
      addValues(pieces, parts.slice(from, to) as Values[]);
    } else if (isRegular(first)) {
      while (to < parts.length && isAlike(parts[to] as Part | Stacked, first)) to += 1;
      addTensors(pieces, parts.slice(from, to) as Tensors[]);
    } else {
      addIrregular(pieces, first);
    }
    from = to;
  }
  return pieces;
}

function addStacked(pieces: Pieces, { rows, tensors, lengths }: Stacked): void {
  const heads: TensorHead[] = [];
  for (let index = 0; index < tensors.length; index++) {
    const { name, datatype, shape, data } = tensors[index] as NamedTensor;
    pieces.runs.push([data]);
    heads.push([name, datatype, shape.slice(1), lengths[index] ?? 0]);
  }
  pieces.heads.push([0, rows.length, perPayload(rows), heads]);
}

function addValues(pieces: Pieces, payloads: readonly Values[]): void {
  const all: Uint8Array[] = [];
  const counts: number[] = [];
  for (const { values } of payloads) {
    counts.push(values.length);
    for (const value of values) all.push(value);
  }
  const sizes = perPayload(counts);
  const { form } = payloads[0] as Values;
  pieces.runs.push(all);
  pieces.heads.push([1, form, sizes, payloads.length, lengthsOf(all)]);
}

function addTensors(pieces: Pieces, payloads: readonly Tensors[]): void {
  const [first] = payloads as [Tensors, ...Tensors[]];
  const heads: TensorHead[] = [];
  for (let index = 0; index < first.tensors.length; index++) {
    const { name, datatype, shape } = first.tensors[index] as NamedTensor;
    const run: Uint8Array[] = [];
    for (const { tensors } of payloads) run.push((tensors[index] as NamedTensor).data);
    pieces.runs.push(run);
    heads.push([name, datatype, shape.slice(1), lengthsOf(run)]);
  }
  const counts: number[] = [];
  for (const payload of payloads) counts.push(payload.rows);
  const rows = perPayload(counts);
  pieces.heads.push([0, payloads.length, rows, heads]);
}

function addIrregular(pieces: Pieces, { rows, tensors }: Tensors): void {
  const heads = tensors.map(({ name, datatype, shape, data }): TensorHead => {
    pieces.runs.push([data]);
    return [name, datatype, shape, data.length];
  });
  pieces.heads.push([3, rows, heads]);
}

function lengthsOf(run: readonly Uint8Array[]): PerPayload {
  const lengths: number[] = [];
  for (const { length } of run) lengths.push(length);
  return perPayload(lengths);
}

/** One number where all are the same. */
export function perPayload(numbers: readonly number[]): PerPayload {
  const [first = 0] = numbers;
  for (const number of numbers) if (number !== first) return numbers;
  return first;
}

function isSameForm(part: Part | Stacked, first: Values): boolean {
  return "kind" in part && part.kind === "values" && part.form === first.form;
}

function isAlike(part: Part | Stacked, first: Tensors): boolean {
  if (!("kind" in part) || part.kind !== "tensors") return false;
  const { tensors } = part;
  if (tensors.length !== first.tensors.length || !isRegular(part)) return false;
  for (let index = 0; index < tensors.length; index++) {
    const one = tensors[index] as NamedTensor;
    const other = first.tensors[index] as NamedTensor;
    if (one.name !== other.name || one.datatype !== other.datatype) return false;
    if (!hasSameTail(one.shape, other.shape)) return false;
  }
  return true;
}

function hasSameTail(one: readonly number[], other: readonly number[]): boolean {
  if (one.length !== other.length) return false;
  for (let axis = 1; axis < one.length; axis++) if (one[axis] !== other[axis]) return false;
  return true;
}

/** Do shapes and bytes fit the rows? (What is inside BYTES is for those who read it.) */
function isRegular({ rows, tensors }: Tensors): boolean {
  for (const { datatype, shape, data } of tensors) {
    if (shape[0] !== rows) return false;
    if (datatype !== "BYTES" && sizeOf(shape) * DATATYPES[datatype].bytes !== data.length) {
      return false;
    }
  }
  return true;
}
