import { DingError } from "../core/errors.ts";
import { textElements } from "../protocol/bytes-elements.ts";
import { bytesOf, DATATYPES, type Datatype } from "../protocol/datatype.ts";
import type { ModelInput } from "./model-facts.ts";

/** A tensor to send. */
export interface LoadTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** The elements in order; numbers, or texts for BYTES. */
  readonly data: readonly (number | string | boolean | bigint)[];
}

/** Sizes that a person has given, by input. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Whole numbers stay below this, so that they are valid whatever they mean. */
const MAX_INTEGER = 100;
const FLOATS: readonly Datatype[] = ["FP16", "BF16", "FP32", "FP64"];
/** Texts are eight digits: a model without a signature takes texts that are JSON. */
const LEAST_TEXT = 10_000_000;

/** Makes one tensor for each input of a model: floats from 0 to 1, small whole numbers, digits as texts. */
export function randomTensors(
  inputs: readonly ModelInput[],
  { rows, shapes, chance }: { rows: number; shapes: Shapes; chance: () => number },
): LoadTensor[] {
  for (const name of shapes.keys()) {
    if (inputs.some((input) => input.name === name)) continue;
    const names = inputs.map((input) => input.name).join(", ");
    throw new DingError("usage.invalid-option", `Cannot use --shape: no input "${name}"`, {
      hint: `The model's inputs are: ${names}`,
    });
  }
  return inputs.map((input) => {
    const shape = concreteShape(input, rows, shapes.get(input.name));
    const count = shape.reduce((product, size) => product * size, 1);
    const data = Array.from({ length: count }, () => randomElement(input.datatype, chance));
    return { name: input.name, datatype: input.datatype, shape, data };
  });
}

/** The elements of a tensor, as the protocol's binary form has them. */
export function binaryOf({ datatype, data }: LoadTensor): Uint8Array {
  if (datatype === "BYTES") {
    return textElements(data.map(String));
  }
  if (datatype === "BF16") {
    const whole = new Uint32Array(Float32Array.from(data, Number).buffer);
    return bytesOf(Uint16Array.from(whole, (bits) => bits >>> 16));
  }
  if (datatype === "INT64") return bytesOf(BigInt64Array.from(data, BigInt));
  if (datatype === "UINT64") return bytesOf(BigUint64Array.from(data, BigInt));
  const { array: Elements } = DATATYPES[datatype];
  return bytesOf(new Elements(data.map(Number)));
}

function concreteShape(
  { name, shape }: ModelInput,
  rows: number,
  given: readonly number[] | undefined,
): number[] {
  const [first, ...rest] = shape;
  const all = first === undefined ? [] : [first === -1 ? rows : first, ...rest];
  if (given) return given.length === shape.length - 1 ? [rows, ...given] : [...given];
  if (!all.includes(-1)) return all;
  throw new DingError(
    "usage.invalid-option",
    `Cannot make data for input "${name}": its shape is [${shape.join(", ")}]`,
    { hint: `Pass --shape ${name}:${all.map((size) => (size === -1 ? "N" : size)).join(",")}` },
  );
}

function randomElement(datatype: Datatype, chance: () => number): number | string | boolean {
  if (datatype === "BOOL") return chance() < 0.5;
  if (FLOATS.includes(datatype)) return Math.round(chance() * 1e6) / 1e6;
  if (datatype !== "BYTES") return Math.floor(chance() * MAX_INTEGER);
  return String(LEAST_TEXT + Math.floor(chance() * 9 * LEAST_TEXT));
}
