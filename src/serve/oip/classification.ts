import { textElements } from "../../protocol/bytes-elements.ts";
import { elementsOf, type Datatype } from "../../protocol/datatype.ts";
import { sizeOf } from "../../protocol/tensor.ts";
import { fault } from "./fault.ts";
import type { Lying } from "./row-axis.ts";

/** The highest values of each row, as elements "value:index" in BYTES; rows are on the first axis. */
export function classified({ datatype, shape, data }: Lying, classes: number, path: string): Lying {
  const [rows = 1, ...tail] = shape;
  const size = sizeOf(tail);
  const values = numbersOf(datatype, data, path);
  const count = Math.min(classes, size);
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    const own = values.slice(row * size, (row + 1) * size);
    const order = Array.from(own.keys()).sort((a, b) => compared(own[b], own[a]));
    for (const index of order.slice(0, count))
      texts.push(`${textOf(datatype, own[index])}:${index}`);
  }
  return { datatype: "BYTES", shape: [rows, count], data: textElements(texts) };
}

type Numbers = readonly (number | bigint)[];

/** BigInts as they are; what is no number is the least. */
function compared(one: Numbers[number] = 0, other: Numbers[number] = 0): number {
  if (one < other) return -1;
  if (one > other) return 1;
  return Number(Number.isNaN(other)) - Number(Number.isNaN(one));
}

function numbersOf(datatype: Datatype, data: Uint8Array, path: string): Numbers {
  if (datatype === "BYTES" || datatype === "BF16" || datatype === "BOOL") {
    const why = `elements of ${datatype} have no order`;
    throw fault(`${path}.parameters.classification`, why);
  }
  return Array.from<number | bigint>(elementsOf(datatype, data) as Float32Array | BigInt64Array);
}

function textOf(datatype: Datatype, value: Numbers[number] = 0): string {
  return datatype.startsWith("FP") ? Number(value).toFixed(6) : String(value);
}
