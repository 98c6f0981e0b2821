import { isRecord } from "../../core/is-record.ts";
import type { Signature } from "../../protocol/datatype.ts";
import { Tensor } from "../../protocol/tensor.ts";
import type { Elements } from "./elements.ts";
import { ItemFault } from "./item-fault.ts";
import { told } from "./scalars.ts";
import { TensorReader, type ReadTensor } from "./tensor-reader.ts";

/** The tensors of an item by name, as a model's code has them. */
export type TypedItem = Record<string, Elements>;

/** The shape of each tensor of an item, without the batch axis. */
export type ItemShapes = Readonly<Record<string, readonly number[]>>;

/** Reads items by a signature. */
export class ItemReader {
  readonly readers: readonly TensorReader[];
  /** Is one of them of integers that a double would round? */
  readonly hasLongIntegers: boolean;
  /** The names of those that hold true and false. */
  readonly bools: ReadonlySet<string>;
  readonly #signature: Signature;

  constructor(signature: Signature) {
    this.#signature = signature;
    this.readers = Object.entries(signature).map(([name, spec]) => new TensorReader(name, spec));
    this.hasLongIntegers = Object.values(signature).some(({ datatype }) =>
      datatype.endsWith("INT64"),
    );
    const bools = Object.entries(signature).filter(([, { datatype }]) => datatype === "BOOL");
    this.bools = new Set(bools.map(([name]) => name));
  }

  /** An item as a client wrote it: by name, or bare where there is one tensor. Throws ItemFault. */
  readInput(given: unknown): { item: TypedItem; shapes: ItemShapes } {
    const named = this.#byName(given);
    for (const name of Object.keys(named)) {
      if (Object.hasOwn(this.#signature, name)) continue;
      const known = Object.keys(this.#signature).map((one) => `"${one}"`);
      throw new ItemFault(name, `the model has no such input: it takes ${known.join(", ")}`);
    }
    return this.#read(named);
  }

  /** What a model's code gave for an item, by name; what the signature does not name is left out. Throws ItemFault. */
  readOutput(given: unknown): TypedItem {
    return this.#read(this.#byName(given)).item;
  }

  /** The same as a list, in the order of the signature. */
  readOutputTensors(given: unknown): ReadTensor[] {
    const named = this.#byName(given);
    return this.readers.map((reader) => readNamed(reader, named));
  }

  /** An item of zeros. Throws ItemFault when the signature leaves its size open. */
  zeros(): TypedItem {
    return Object.fromEntries(this.readers.map((reader) => [reader.name, reader.zeros()]));
  }

  #read(named: Record<string, unknown>): { item: TypedItem; shapes: ItemShapes } {
    const item: TypedItem = {};
    const shapes: Record<string, readonly number[]> = {};
    for (const reader of this.readers) {
      const { elements, shape } = readNamed(reader, named);
      item[reader.name] = elements;
      shapes[reader.name] = shape;
    }
    return { item, shapes };
  }

  #byName(given: unknown): Record<string, unknown> {
    if (isNamed(given)) return given;
    const [only, ...others] = this.readers;
    if (only && others.length === 0 && given !== undefined && given !== null) {
      return { [only.name]: given };
    }
    const names = this.readers.map(({ name }) => `"${name}"`).join(", ");
    throw new ItemFault("", `an object with ${names} is needed: got ${told(given)}`);
  }
}

function readNamed(reader: TensorReader, named: Record<string, unknown>): ReadTensor {
  const value = Object.hasOwn(named, reader.name) ? named[reader.name] : undefined;
  if (value === undefined) throw new ItemFault(reader.name, "it is missing");
  return reader.read(value);
}

function isNamed(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && !ArrayBuffer.isView(value) && !(value instanceof Tensor);
}
