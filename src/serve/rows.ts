import { DingError } from "../core/errors.ts";
import { elementStarts } from "../protocol/bytes-elements.ts";
import { DATATYPES } from "../protocol/datatype.ts";
import { sizeOf } from "../protocol/tensor.ts";
import type { NamedTensor, Payload, Tensors, Values } from "./inference.ts";

/** How many items a payload has. */
export function rowsOf(payload: Payload): number {
  return payload.kind === "values" ? payload.values.length : payload.rows;
}

/** How many bytes the items of a payload take. */
export function payloadBytes(payload: Payload): number {
  let bytes = 0;
  if (payload.kind === "values") for (const value of payload.values) bytes += value.length;
  else for (const { data } of payload.tensors) bytes += data.length;
  return bytes;
}

/** Some items of a payload, as views of it. */
export function sliceRows(payload: Payload, from: number, rows: number): Payload {
  if (payload.kind === "values") {
    return { ...payload, values: payload.values.slice(from, from + rows) };
  }
  const tensors = payload.tensors.map((tensor) => sliceTensor(tensor, from, rows));
  return { kind: "tensors", rows, tensors };
}

/** The answers to the parts of a list as one; without a copy where they lie side by side. Throws task.invalid-result when they do not fit together. */
export function mergeRows(parts: readonly Payload[]): Payload {
  const [first] = parts;
  if (!first) throw new DingError("internal.bug", "Cannot merge rows: there are no parts");
  if (parts.length === 1) return first;
  if (first.kind === "values") {
    return { ...first, values: parts.flatMap((part) => (part as Values).values) };
  }
  const alike = parts as readonly Tensors[];
  const rows = alike.reduce((sum, part) => sum + part.rows, 0);
  const tensors = first.tensors.map((tensor, index) => {
    const pieces = alike.map((part) => matching(part.tensors[index], tensor));
    const data = joined(pieces.map((piece) => piece.data));
    return { ...tensor, shape: [rows, ...tensor.shape.slice(1)], data };
  });
  return { kind: "tensors", rows, tensors };
}

function matching(piece: NamedTensor | undefined, { name, shape }: NamedTensor): NamedTensor {
  const tail = shape.slice(1).join(", ");
  const found = piece?.shape.slice(1).join(", ");
  if (piece?.name === name && found === tail) return piece;
  const told = `shape [${tail}] in one part, [${found ?? ""}] in another`;
  throw new DingError("task.invalid-result", `Cannot join the outputs "${name}": ${told}`, {
    hint: "Send items whose outputs differ in shape as requests of their own.",
  });
}

/** One byte string of several: the memory that they share where each begins at the end of the one before it. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const first = pieces[0] ?? new Uint8Array();
  let end = first.byteOffset;
  let isOne = true;
  let bytes = 0;
  for (const piece of pieces) {
    isOne &&= piece.buffer === first.buffer && piece.byteOffset === end;
    end += piece.length;
    bytes += piece.length;
  }
  if (isOne) return new Uint8Array(first.buffer, first.byteOffset, bytes);
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function sliceTensor(tensor: NamedTensor, from: number, rows: number): NamedTensor {
  const { datatype, data } = tensor;
  const tail = tensor.shape.slice(1);
  const shape = [rows, ...tail];
  const perRow = sizeOf(tail);
  if (datatype === "BYTES") {
    const starts = elementStarts(data);
    const end = starts[(from + rows) * perRow] ?? data.length;
    return { ...tensor, shape, data: data.subarray(starts[from * perRow] ?? data.length, end) };
  }
  const rowBytes = perRow * DATATYPES[datatype].bytes;
  return { ...tensor, shape, data: data.subarray(from * rowBytes, (from + rows) * rowBytes) };
}
