import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { z } from "zod";
import { DingError, messageOf } from "../core/errors.ts";
import { DATATYPES, type Datatype } from "../protocol/datatype.ts";
import { inferBody, jsonBody, type TensorFormat } from "./infer-body.ts";
import type { ModelInput } from "./model-facts.ts";
import type { LoadTensor } from "./random-tensor.ts";
import type { LoadBody } from "./target.ts";

const TYPES: Record<string, string> = {
  ".json": "application/json",
  ".msgpack": "application/msgpack",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".png": "image/png",
  ".txt": "text/plain",
};

const shape = z.array(z.int().min(0));
const datatype = z.enum(Object.keys(DATATYPES) as [Datatype, ...Datatype[]]);
const request = z.looseObject({
  inputs: z.array(z.looseObject({ name: z.string(), shape, datatype, data: z.unknown() })).min(1),
});
const content = z.object({ content: z.array(z.unknown()), shape });
const byName = z.object({
  data: z.array(z.record(z.string(), z.union([z.array(z.unknown()), content]))).min(1),
});
const requests = z.union([request.transform((one) => [one]), z.array(request).min(1)]);

type Request = z.output<typeof request>;
type Element = LoadTensor["data"][number];

/** A file as a body, whatever is in it; its ending tells the type if nobody does, else that it is JSON. */
export function rawBody(path: string, contentType: string | undefined): LoadBody {
  const bytes = readData(path);
  const told = contentType ?? TYPES[extname(path).toLowerCase()];
  const type = told ?? (isJson(bytes) ? "application/json" : "application/octet-stream");
  return { bytes, headers: { "Content-Type": type } };
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** Bodies for a model, and the rows of the first. */
export interface InferBodies {
  readonly bodies: LoadBody[];
  readonly rows: number;
}

/**
 * Reads infer requests from a JSON file: one, a list of them, or inputs by name
 * as perf_analyzer has them (`{"data": [{"x": [1, 2]}, …]}`, one item each).
 */
export function inferBodiesOf(
  path: string,
  inputs: readonly ModelInput[],
  format: TensorFormat,
): InferBodies {
  const value = parse(path);
  const named = byName.safeParse(value).data;
  if (named) {
    const all = named.data.map((item) => tensorsOf(path, item, inputs));
    return { bodies: all.map((tensors) => inferBody(tensors, format)), rows: rowsOf(all[0]) };
  }
  const read = requests.safeParse(value).data;
  if (!read) throw unreadable(path, "it has no infer request");
  const bodies = read.map((one) =>
    format === "json" ? jsonBody(one) : inferBody(one.inputs.map(tensorOf), format),
  );
  return { bodies, rows: rowsOf(read[0]?.inputs) };
}

function tensorsOf(
  path: string,
  item: z.output<typeof byName>["data"][number],
  inputs: readonly ModelInput[],
): LoadTensor[] {
  return inputs.map((input) => {
    const given = item[input.name];
    if (!given) throw unreadable(path, `an item has no "${input.name}"`);
    const isList = Array.isArray(given);
    const data = flat(isList ? given : given.content);
    const own = input.shape.map((size, axis) => (axis === 0 && size === -1 ? 1 : size));
    return { ...input, data, shape: isList ? filled(own, data.length) : given.shape };
  });
}

/** One size that is not known follows from the number of elements. */
function filled(own: readonly number[], count: number): number[] {
  const known = own.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  return own.map((size) => (size === -1 ? count / known : size));
}

function tensorOf({
  name,
  shape: sizes,
  datatype: type,
  data,
}: Request["inputs"][number]): LoadTensor {
  return { name, datatype: type, shape: sizes, data: flat(data) };
}

function flat(data: unknown): Element[] {
  return (Array.isArray(data) ? data.flat(Infinity) : [data]) as Element[];
}

function rowsOf(tensors: readonly { readonly shape: readonly number[] }[] | undefined): number {
  return tensors?.[0]?.shape[0] ?? 1;
}

function parse(path: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(readData(path)));
  } catch (thrown) {
    throw thrown instanceof DingError ? thrown : unreadable(path, messageOf(thrown));
  }
}

function readData(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (thrown) {
    const isMissing = (thrown as NodeJS.ErrnoException).code === "ENOENT";
    throw unreadable(path, isMissing ? "no such file" : messageOf(thrown));
  }
}

function unreadable(path: string, why: string): DingError {
  return new DingError("usage.invalid-option", `Cannot use --data: "${path}": ${why}`, {
    hint: 'Pass a file with an infer request: {"inputs": [{"name", "shape", "datatype", "data"}]}',
  });
}
