import { expect, test } from "bun:test";
import { narrowed, widened } from "../../../src/protocol/bfloat.ts";

test("widened() and narrowed() keep every one of the 65,536 bit patterns, NaN as NaN", () => {
  const bits = Uint16Array.from({ length: 65_536 }, (_, index) => index);
  const numbers = widened(bits);
  const back = narrowed(numbers);
  for (let index = 0; index < bits.length; index++) {
    if (Number.isNaN(numbers[index])) expect(widened(back.subarray(index, index + 1))[0]).toBeNaN();
    else expect(back[index]).toBe(index);
  }
});

test.each([
  [1, 1],
  [1.00390625, 1], // half way: to even
  [1.01171875, 1.015625], // half way: to even
  [3.14159, 3.140625],
  [-0.0001, -0.00010013580322265625],
  [3.4e38, Infinity],
])("narrowed() rounds %d to %d", (number, nearest) => {
  expect(widened(narrowed(Float32Array.of(number)))[0]).toBe(nearest);
});
