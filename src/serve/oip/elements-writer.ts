import { elementsOf, type Datatype } from "../../protocol/datatype.ts";
import { DingError } from "../../core/errors.ts";
import { splitElements } from "./bytes-elements.ts";
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
      return writeNumbers(plain(elementsOf(datatype, bytes) as Float64Array));
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
  return writeNumbers(numbers);
}

function plain(elements: Float64Array): number[] {
  const numbers: number[] = [];
  for (let index = 0; index < elements.length; index++) numbers.push(elements[index] as number);
  return numbers;
}

/** JSON has no word for them: NaN is null, and an infinity a number that nothing can hold. */
function writeNumbers(numbers: number[]): string {
  let isFinite = true;
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] as number;
    if (number - number !== 0) isFinite = false;
  }
  return isFinite ? JSON.stringify(numbers) : `[${numbers.map(oddText).join(",")}]`;
}

function oddText(number: number): string {
  if (Number.isNaN(number)) return "null";
  if (Number.isFinite(number)) return String(number);
  return number > 0 ? "1e999" : "-1e999";
}

/** A bfloat16 is the upper half of an FP32. */
function widened(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let index = 0; index < halves.length; index++)
    words[index] = (halves[index] as number) << 16;
  return new Float32Array(words.buffer);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function writeTexts(bytes: Uint8Array, path: string): string {
  const texts = splitElements(bytes).map((element, index) => {
    try {
      return JSON.stringify(decoder.decode(element));
    } catch {
      const why = "it is not UTF-8, which JSON needs";
      throw new DingError(
        "usage.invalid-input",
        `Cannot answer: ${path}: element ${index}: ${why}`,
        {
          hint: "Ask for this output with the parameter binary_data.",
          details: { path },
        },
      );
    }
  });
  return `[${texts.join(",")}]`;
}
