import { sizeOf } from "../../protocol/tensor.ts";
import { readElements } from "./elements-reader.ts";
import { fault } from "./fault.ts";
import type { GivenTensor } from "./given-tensors.ts";
import type { OipRequest } from "./infer-request.ts";
import { jsonItems } from "./json-items.ts";
import type { FaceTensor, ModelFace } from "./model-face.ts";
import { readParameters } from "./parameters.ts";
import { payloadOf } from "./payload.ts";
import { readDocument, recordAt, textAt, type JsonDocument } from "./request-document.ts";

/**
 * Reads a request to generate: one item. Keys that are the model's inputs are tensors of one row, a single element for
 * short; for a model of any value all keys together are the item. What else there is goes with the parameters.
 */
export function readGenerateRequest(bytes: Uint8Array, face: ModelFace): OipRequest {
  return readDocument(bytes, (document) => {
    const { id: said, parameters, ...named } = document;
    const isInput = !face.isAnyValue && face.inputs.some(({ name }) => name === "id");
    const [id, rest] = isInput ? [undefined, { ...named, id: said }] : [said, named];
    const { payload, others } = face.isAnyValue
      ? itemOf(rest)
      : tensorsOf(rest, face, bytes.length);
    const told = { ...others, ...recordAt(parameters, "parameters") };
    const { isBinaryOutput: _, rest: own, ...known } = readParameters(told, "parameters");
    return {
      payload,
      id: textAt(id, "id"),
      ...known,
      parameters: own,
      outputs: face.allAsJson,
    };
  });
}

type Read = { payload: OipRequest["payload"]; others: JsonDocument };

const encoder = new TextEncoder();

function itemOf(item: JsonDocument): Read {
  const text = encoder.encode(JSON.stringify(item));
  return { payload: jsonItems([text], () => "body"), others: {} };
}

function tensorsOf(document: JsonDocument, face: ModelFace, mostElements: number): Read {
  const others = { ...document };
  const given = face.inputs.map((tensor): GivenTensor => {
    const { name } = tensor;
    if (!Object.hasOwn(document, name)) throw fault(name, "this input is missing");
    delete others[name];
    return readRow(document[name], tensor, mostElements);
  });
  return { payload: payloadOf(given, face), others };
}

/** The value of one row, as a tensor of one row. */
function readRow(value: unknown, tensor: FaceTensor, mostElements: number): GivenTensor {
  const { name, datatype, axis } = tensor;
  const wanted = axis === null ? tensor.shape : tensor.shape.toSpliced(axis, 1);
  const nested = nestedShape(value);
  const isWhole = nested.length === wanted.length;
  const row = isWhole ? fitted(nested, wanted, name) : solved(sizeOf(nested), wanted, name);
  const list = nested.length === 0 ? [value] : value;
  const isFlat = !isWhole || wanted.length === 0;
  const shape = isFlat ? [sizeOf(row)] : row;
  const told = { datatype, shape, count: sizeOf(row) };
  const data = readElements(list, told, { path: name, mostElements });
  return { shape: axis === null ? row : row.toSpliced(axis, 0, 1), data, path: name };
}

/** Sizes along the first element of each list. */
function nestedShape(value: unknown): number[] {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0] as unknown)
    shape.push(inner.length);
  return shape;
}

function fitted(given: number[], wanted: readonly number[], name: string): number[] {
  if (wanted.every((size, axis) => size === -1 || size === given[axis])) return given;
  throw misfit(given, wanted, name);
}

/** A flat list for a row of more axes: at most one of them is told by the number of elements. */
function solved(count: number, wanted: readonly number[], name: string): number[] {
  const known = wanted.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const variable = wanted.indexOf(-1);
  const row = wanted.map((size, axis) => (axis === variable ? count / known : size));
  const isTold = row.every((size) => Number.isInteger(size) && size >= 0);
  if (isTold && sizeOf(row) === count) return row;
  throw misfit([count], wanted, name);
}

function misfit(given: readonly number[], wanted: readonly number[], name: string): Error {
  return fault(name, `expected shape [${wanted.join(", ")}], got [${given.join(", ")}]`);
}
