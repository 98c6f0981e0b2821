import { expect, test } from "bun:test";
import { joinElements, splitElements } from "../../../../src/protocol/bytes-elements.ts";
import { sizeOf } from "../../../../src/protocol/tensor.ts";
import { firstRow, rowsAt, rowsFirst, type Lying } from "../../../../src/serve/oip/row-axis.ts";

/** Where the rows of a tensor may lie; their axis is the second number. */
const PLACES: readonly (readonly [shape: readonly number[], axis: number])[] = [
  [[3, 4], 1],
  [[2, 3, 128], 1],
  [[2, 3, 4], 2],
  [[2, 1, 5], 1],
  [[1, 4, 2], 1],
  [[2, 3, 2, 2], 2],
];

/** Elements that are numbered in their order, as FP32, or as texts of their numbers. */
function numbered(datatype: "FP32" | "BYTES", shape: readonly number[]): Lying {
  const numbers = Array.from({ length: sizeOf(shape) }, (_, index) => index);
  const encoder = new TextEncoder();
  const data =
    datatype === "FP32"
      ? new Uint8Array(Float32Array.from(numbers).buffer)
      : joinElements(numbers.map((number) => encoder.encode(String(number))));
  return { datatype, shape, data };
}

function numbersOf({ datatype, data }: Lying): number[] {
  if (datatype === "FP32") return [...new Float32Array(data.slice().buffer)];
  return splitElements(data).map((element) => Number(new TextDecoder().decode(element)));
}

/** The numbers of `numbered()` with this axis first, one by one. */
function movedNumbers(shape: readonly number[], axis: number): number[] {
  const behind = sizeOf(shape.slice(axis + 1));
  const rows = shape[axis] as number;
  const before = sizeOf(shape.slice(0, axis));
  const numbers: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let outer = 0; outer < before; outer++) {
      for (let rest = 0; rest < behind; rest++) {
        numbers.push((outer * rows + row) * behind + rest);
      }
    }
  }
  return numbers;
}

for (const datatype of ["FP32", "BYTES"] as const) {
  test.each(PLACES)(
    `rowsFirst() moves the rows of ${datatype} %p from axis %i to the first, rowsAt() back`,
    (shape, axis) => {
      const tensor = numbered(datatype, shape);
      const moved = rowsFirst(tensor, axis);
      expect(moved.shape).toEqual([shape[axis] as number, ...shape.toSpliced(axis, 1)]);
      expect(numbersOf(moved)).toEqual(movedNumbers(shape, axis));
      expect(rowsAt(moved, axis)).toEqual({ ...tensor, shape: [...shape] });
    },
  );

  test(`firstRow() gives the first row of ${datatype} without its axis`, () => {
    const first = firstRow(numbered(datatype, [3, 2, 2]));
    expect(first.shape).toEqual([2, 2]);
    expect(numbersOf(first)).toEqual([0, 1, 2, 3]);
  });
}

test("rowsFirst() and rowsAt() copy nothing where the rows are on the first axis already", () => {
  const tensor = numbered("FP32", [3, 4]);
  expect(rowsFirst(tensor, 0).data).toBe(tensor.data);
  expect(rowsAt(tensor, 0).data).toBe(tensor.data);
});
