import { widened } from "../../protocol/bfloat.ts";
import { eachElement } from "../../protocol/bytes-elements.ts";
import { elementsOf, type Datatype } from "../../protocol/datatype.ts";
import { DingError } from "../../core/errors.ts";
import { shortFloat } from "./float-text.ts";

/** The elements as a list in JSON, flat; `path` is where they were asked for, for what JSON cannot hold. */
export function writeElements(datatype: Datatype, bytes: Uint8Array, path: string): string {
  switch (datatype) {
    case "BYTES":
      return writeTexts(bytes, path);
    case "BOOL":
      return `[${Array.from(bytes, (byte) => byte !== 0).join(",")}]`;
    case "BF16":
      return writeFloats(widened(elementsOf(datatype, bytes) as Uint16Array));
    case "FP32":
      return writeFloats(elementsOf(datatype, bytes) as Float32Array);
    case "FP16":
      return writeFloats(Float32Array.from(elementsOf(datatype, bytes) as Float16Array));
    case "FP64":
      return writeNumbers(plain(elementsOf(datatype, bytes) as Float64Array), BEYOND_FP64);
    case "INT8":
    case "INT16":
    case "INT32":
    case "INT64":
    case "UINT8":
    case "UINT16":
    case "UINT32":
    case "UINT64":
      return `[${elementsOf(datatype, bytes).join(",")}]`;
  }
}

/** Plain lists of numbers are what engines write fastest, by a wide margin. */
function writeFloats(elements: Float32Array): string {
  const numbers: number[] = [];
  for (let index = 0; index < elements.length; index++) {
    numbers.push(shortFloat(elements[index] as number));
  }
  return writeNumbers(numbers, BEYOND_FP32);
}

function plain(elements: Float64Array): number[] {
  const numbers: number[] = [];
  for (let index = 0; index < elements.length; index++) numbers.push(elements[index] as number);
  return numbers;
}

/** What is infinite when it is read as such. Some readers refuse what no double can hold. */
const BEYOND_FP32 = "1e39";
const BEYOND_FP64 = "1e999";
/** Of `-0` Python makes a whole number, and those have no sign at zero. */
const MINUS_ZERO = "-0.0";

/** JSON has no word for them: NaN is null, and an infinity a number beyond the datatype. A zero keeps its sign. */
function writeNumbers(numbers: number[], beyond: string): string {
  let isPlain = true;
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] as number;
    if (number - number !== 0 || (number === 0 && 1 / number < 0)) isPlain = false;
  }
  if (isPlain) return JSON.stringify(numbers);
  const texts = numbers.map((number) => {
    if (Object.is(number, -0)) return MINUS_ZERO;
    if (Number.isFinite(number)) return String(number);
    if (Number.isNaN(number)) return "null";
    return number > 0 ? beyond : `-${beyond}`;
  });
  return `[${texts.join(",")}]`;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function writeTexts(bytes: Uint8Array, path: string): string {
  const texts: string[] = [];
  for (const element of eachElement(bytes)) {
    try {
      texts.push(JSON.stringify(decoder.decode(element)));
    } catch {
      throw notText(path, texts.length);
    }
  }
  return `[${texts.join(",")}]`;
}

function notText(path: string, index: number): DingError {
  const message = `Cannot answer: ${path}: element ${index}: it is not UTF-8, which JSON needs`;
  return new DingError("usage.invalid-input", message, {
    hint: "Ask for this output with the parameter binary_data.",
    details: { path },
  });
}
