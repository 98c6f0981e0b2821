import { elementStarts } from "../../protocol/bytes-elements.ts";
import { DATATYPES } from "../../protocol/datatype.ts";
import { sizeOf } from "../../protocol/tensor.ts";
import type { NamedTensor } from "../inference.ts";
import type { ItemReader } from "./item-reader.ts";
import type { TensorReader } from "./tensor-reader.ts";

interface Fault {
  path: string;
  message: string;
}

/** What of these tensors does not fit a model's inputs: names, datatypes, shapes. */
export function tensorFaults(
  tensors: readonly NamedTensor[],
  { readers }: ItemReader,
): readonly Fault[] {
  const [only, ...others] = tensors;
  const [reader] = readers;
  // What nearly all models have and nearly all clients send.
  const isPlain = readers.length === 1 && others.length === 0;
  if (isPlain && only && reader && isFitting(only, reader)) return NO_FAULTS;
  return faultsOf(tensors, readers);
}

const NO_FAULTS: readonly Fault[] = [];

function isFitting({ name, datatype, shape }: NamedTensor, reader: TensorReader): boolean {
  return name === reader.name && datatype === reader.spec.datatype && reader.fits(shape.slice(1));
}

function faultsOf(tensors: readonly NamedTensor[], readers: readonly TensorReader[]): Fault[] {
  const faults: Fault[] = [];
  const given = new Map<string, NamedTensor>();
  for (const tensor of tensors) {
    const { name } = tensor;
    if (given.has(name)) faults.push({ path: name, message: "it is given twice" });
    given.set(name, tensor);
  }
  for (const reader of readers) {
    const { name, spec } = reader;
    const tensor = given.get(name);
    given.delete(name);
    if (!tensor) faults.push({ path: name, message: "it is missing" });
    else if (tensor.datatype !== spec.datatype) {
      faults.push({ path: name, message: `${spec.datatype} is needed: got ${tensor.datatype}` });
    } else if (!reader.fits(tensor.shape.slice(1))) {
      const needed = `shape [${spec.shape.join(", ")}] is needed`;
      faults.push({ path: name, message: `${needed}: got [${tensor.shape.join(", ")}]` });
    }
  }
  const known = readers.map(({ name }) => `"${name}"`).join(", ");
  for (const name of given.keys()) {
    faults.push({ path: name, message: `the model has no such input: it takes ${known}` });
  }
  return faults;
}

/** Why the bytes of a tensor are not what its shape says; undefined when they are. */
export function sizeFault(
  { name, datatype, shape, data }: NamedTensor,
  rows: number,
): Fault | undefined {
  const told = `shape [${shape.join(", ")}]`;
  if (shape[0] !== rows) {
    return { path: name, message: `${told} has ${shape[0] ?? "no"} rows: ${rows} are needed` };
  }
  const elements = sizeOf(shape);
  if (datatype === "BYTES") {
    const count = countOfBytes(data);
    if (count === elements) return undefined;
    const got = count === undefined ? "got one that is cut short" : `got ${count}`;
    return { path: name, message: `${told} holds ${elements} elements: ${got}` };
  }
  const bytes = elements * DATATYPES[datatype].bytes;
  if (bytes === data.length) return undefined;
  return { path: name, message: `${told} of ${datatype} takes ${bytes} bytes: got ${data.length}` };
}

/** How many elements there are; undefined when one says that it is longer than what is there. */
function countOfBytes(data: Uint8Array): number | undefined {
  try {
    return elementStarts(data).length - 1;
  } catch {
    return undefined;
  }
}
