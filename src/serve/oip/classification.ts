import { elementsOf, type Datatype } from "../../protocol/datatype.ts";
import { sizeOf } from "../../protocol/tensor.ts";
import { textElements } from "./bytes-elements.ts";
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
    const order = Array.from(own.keys()).sort((a, b) => (own[b] as number) - (own[a] as number));
    for (const index of order.slice(0, count))
      texts.push(`${textOf(datatype, own[index])}:${index}`);
  }
  return { datatype: "BYTES", shape: [rows, count], data: textElements(texts) };
}

function numbersOf(datatype: Datatype, data: Uint8Array, path: string): number[] {
  if (datatype === "BYTES" || datatype === "BF16" || datatype === "BOOL") {
    const why = `elements of ${datatype} have no order`;
    throw fault(`${path}.parameters.classification`, why);
  }
  return Array.from(elementsOf(datatype, data), Number);
}

function textOf(datatype: Datatype, value: number | undefined = 0): string {
  return datatype.startsWith("FP") ? value.toFixed(6) : String(value);
}
