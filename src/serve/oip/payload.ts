import { splitElements } from "../../protocol/bytes-elements.ts";
import type { NamedTensor, Payload } from "../inference.ts";
import { fault } from "./fault.ts";
import type { GivenTensor } from "./given-tensors.ts";
import { jsonItems } from "./json-items.ts";
import type { FaceTensor, ModelFace } from "./model-face.ts";
import { rowsFirst } from "./row-axis.ts";

/** The tensors of a request, in the order of the model's inputs, as what goes to the model. */
export function payloadOf(given: readonly GivenTensor[], face: ModelFace): Payload {
  const rows = rowsOf(given, face.inputs);
  if (face.isAnyValue) {
    const { data, path } = given[0] as GivenTensor;
    if (rows > MOST_ITEMS) {
      throw fault(`${path}.shape[0]`, `expected ${MOST_ITEMS} items at most, got ${rows}`);
    }
    return jsonItems(splitElements(data), (index) => `${path}.data[${index}]`);
  }
  const tensors = face.inputs.map((tensor, index): NamedTensor => {
    const { shape, data, path } = given[index] as GivenTensor;
    const { name, datatype, axis } = tensor;
    if (axis === 0) return { name, datatype, shape, data };
    if (axis !== null) return { name, ...rowsFirst({ datatype, shape, data }, axis) };
    return { name, datatype, shape: [rows, ...shape], data: repeated(data, rows, path) };
  });
  return { kind: "tensors", rows, tensors };
}

/** Each is an object here, and a text to be read: more in one request would hold up all others. */
const MOST_ITEMS = 131_072;

/** Rows of nothing take no room in a body: so many may be asked for. */
const MOST_EMPTY_ROWS = 65_536;

function rowsOf(given: readonly GivenTensor[], inputs: readonly FaceTensor[]): number {
  let rows: number | undefined;
  let first = "";
  for (let index = 0; index < inputs.length; index++) {
    const { axis } = inputs[index] as FaceTensor;
    const { shape, data, path } = given[index] as GivenTensor;
    if (axis === null) continue;
    const own = shape[axis] as number;
    const ownPath = (): string => `${path}.shape[${axis}]`;
    if (rows !== undefined && own !== rows) {
      throw fault(ownPath(), `expected ${rows} rows as in ${first}, got ${own}`);
    }
    if (data.length === 0 && own > MOST_EMPTY_ROWS) {
      throw fault(ownPath(), `expected ${MOST_EMPTY_ROWS} rows of nothing at most, got ${own}`);
    }
    rows = own;
    first ||= path;
  }
  return rows ?? 1;
}

/** What all rows share may not make of a small body a large one. */
const MOST_REPEATED_BYTES = 64 * 1024 * 1024;

/** Every row has its own: they may run in several batches. */
function repeated(data: Uint8Array, rows: number, path: string): Uint8Array {
  if (rows === 1) return data;
  if (data.length * rows > MOST_REPEATED_BYTES) {
    throw fault(
      path,
      `${data.length} bytes for each of ${rows} rows are too many`,
      "Send fewer rows.",
    );
  }
  const bytes = new Uint8Array(data.length * rows);
  for (let row = 0; row < rows; row++) bytes.set(data, row * data.length);
  return bytes;
}
