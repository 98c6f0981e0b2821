import { DingError } from "../../core/errors.ts";
import { textElements } from "../../protocol/bytes-elements.ts";
import { bytesOf, elementsOf } from "../../protocol/datatype.ts";
import { sizeOf } from "../../protocol/tensor.ts";
import type { NamedTensor } from "../inference.ts";
import type { RowAxis } from "./batch-plan.ts";
import { gathered, spread, type Cells } from "./cells.ts";
import type { OrtData, OrtTensor } from "./ort.ts";
import { inputFault } from "./input-fault.ts";
import { textsOf } from "./strings.ts";
import type { OnnxOutput } from "./session.ts";
import { ORT_TYPES } from "./values.ts";

/** How many rows there are, and how many a run takes. */
export interface RunSize {
  readonly rows: number;
  readonly runRows: number;
}

/** Rows as a tensor of the model; of a tensor without a batch axis the first row is taken for all. */
export function feedOf(tensor: NamedTensor, axis: RowAxis, { rows, runRows }: RunSize): OrtTensor {
  const { datatype, name, data } = tensor;
  const tail = tensor.shape.slice(1);
  const cells: Cells = datatype === "BYTES" ? textsOf(data, name) : data;
  const placed =
    axis === undefined
      ? gathered(cells, { rows: 1, runRows: rows, outer: 1 })
      : spread(cells, { rows, runRows, outer: sizeOf(tail.slice(0, axis)) });
  return {
    type: ORT_TYPES[datatype as keyof typeof ORT_TYPES],
    dims: axis === undefined ? tail : tail.toSpliced(axis, 0, runRows),
    data: elementsFor(datatype, placed, name),
    location: "cpu",
  };
}

/**
 * An output of the model as rows; of a run of one row all of it, where it has no axis for that. Throws
 * task.invalid-result when it has not as many as the run.
 */
export function rowsOfOutput(
  { value: { name, datatype }, tensor }: OnnxOutput,
  { axis, rows, runRows }: RunSize & { axis: RowAxis },
): NamedTensor {
  const { dims, data } = tensor;
  const cells = isTexts(data) ? data : bytesOf(data);
  const isWhole = runRows === 1 && (axis === undefined || dims[axis] !== 1);
  if (isWhole) return { name, datatype, shape: [1, ...dims], data: dataOf(cells) };
  if (axis === undefined || dims[axis] !== runRows) {
    const why = `its shape is [${dims.join(", ")}], for ${runRows} rows`;
    throw new DingError("task.invalid-result", `Cannot cut output "${name}" into rows: ${why}`);
  }
  const outer = sizeOf(dims.slice(0, axis));
  const own = gathered(cells, { rows, runRows, outer });
  return { name, datatype, shape: [rows, ...dims.toSpliced(axis, 1)], data: dataOf(own) };
}

function dataOf(cells: Cells): Uint8Array {
  return cells instanceof Uint8Array ? cells : textElements(cells);
}

function elementsFor(datatype: NamedTensor["datatype"], cells: Cells, name: string): OrtData {
  if (!(cells instanceof Uint8Array) || datatype === "BYTES") return cells;
  if (datatype === "BOOL" && cells.some((byte) => byte > 1)) {
    throw inputFault(name, "it has bytes that are neither 0 nor 1");
  }
  // The runtimes take the bits of an FP16: a Float16Array is not known to all of them.
  return elementsOf(datatype === "FP16" ? "UINT16" : datatype, cells);
}

function isTexts(data: OrtData): data is readonly string[] {
  return Array.isArray(data);
}
