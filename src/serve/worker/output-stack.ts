import { DingError } from "../../core/errors.ts";
import { perPayload, type Stacked } from "../frame-groups.ts";
import type { NamedTensor } from "../inference.ts";
import { bytesOfRows, type Elements } from "./elements.ts";
import type { ItemReader } from "./item-reader.ts";

/** The tensors of some outputs, each a column of rows, all rows of a column of one shape. */
export interface Columns {
  readonly elements: readonly Elements[][];
  readonly shapes: readonly (readonly number[])[];
  readonly rows: number;
}

/** The tensors of the outputs of one payload. Throws ItemFault, or task.invalid-result where they differ in shape. */
export function columnsOf(outputs: readonly unknown[], reader: ItemReader): Columns {
  const elements: Elements[][] = emptyColumns(reader);
  const shapes: (readonly number[])[] = [];
  for (const output of outputs) {
    const tensors = reader.readOutputTensors(output);
    for (let index = 0; index < tensors.length; index++) {
      const { elements: row, shape } = tensors[index] as (typeof tensors)[number];
      const known = (shapes[index] ??= shape);
      if (!isSame(shape, known)) throw mixedError(reader.readers[index]?.name ?? "", known, shape);
      (elements[index] as Elements[]).push(row);
    }
  }
  return { elements, shapes, rows: outputs.length };
}

/** Outputs of payloads that follow each other, to be sent as whole tensors. */
export class OutputStack {
  readonly #reader: ItemReader;
  readonly #shapes: Columns["shapes"];
  readonly #columns: Elements[][];
  readonly #rows: number[] = [];

  constructor(reader: ItemReader, first: Columns) {
    this.#reader = reader;
    this.#shapes = first.shapes;
    this.#columns = emptyColumns(reader);
    this.add(first);
  }

  /** False when its tensors have another shape: they do not belong here. */
  add({ elements, shapes, rows }: Columns): boolean {
    for (let index = 0; index < shapes.length; index++) {
      if (!isSame(shapes[index] ?? [], this.#shapes[index] ?? [])) return false;
    }
    for (let index = 0; index < elements.length; index++) {
      const column = this.#columns[index] as Elements[];
      for (const row of elements[index] ?? []) column.push(row);
    }
    this.#rows.push(rows);
    return true;
  }

  finish(): Stacked {
    let totalRows = 0;
    for (const rows of this.#rows) totalRows += rows;
    const lengths: Stacked["lengths"][number][] = [];
    const tensors: NamedTensor[] = [];
    for (const [index, { name, spec }] of this.#reader.readers.entries()) {
      const { data, rowLengths } = bytesOfRows(this.#columns[index] ?? [], spec);
      lengths.push(perPayload(this.#bytesOfPayloads(rowLengths)));
      const shape = [totalRows, ...(this.#shapes[index] ?? [])];
      tensors.push({ name, datatype: spec.datatype, shape, data });
    }
    return { kind: "stacked", rows: this.#rows, totalRows, tensors, lengths };
  }

  #bytesOfPayloads(rowLengths: number | readonly number[]): number[] {
    if (typeof rowLengths === "number") return this.#rows.map((rows) => rows * rowLengths);
    let row = 0;
    return this.#rows.map((rows) => {
      let bytes = 0;
      for (let taken = 0; taken < rows; taken++) bytes += rowLengths[row++] ?? 0;
      return bytes;
    });
  }
}

function emptyColumns({ readers }: ItemReader): Elements[][] {
  const columns: Elements[][] = [];
  for (let index = 0; index < readers.length; index++) columns.push([]);
  return columns;
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let axis = 0; axis < one.length; axis++) if (one[axis] !== other[axis]) return false;
  return true;
}

/** All items of one request are one tensor: they must be alike. */
function mixedError(name: string, first: readonly number[], other: readonly number[]): DingError {
  const told = `shape [${first.join(", ")}] of the first item, [${other.join(", ")}] of another`;
  return new DingError("task.invalid-result", `Cannot use output: "${name}": ${told}`, {
    hint: "Send items whose outputs differ in shape as requests of their own.",
  });
}
