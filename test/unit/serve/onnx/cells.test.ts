import { expect, test } from "bun:test";
import { textElements } from "../../../../src/protocol/bytes-elements.ts";
import { gathered, spread, type Cells } from "../../../../src/serve/onnx/cells.ts";
import { startsOfEqual } from "../../../../src/serve/onnx/equal-rows.ts";
import { textsOf } from "../../../../src/serve/onnx/strings.ts";

const numbers = Uint8Array.from({ length: 24 }, (_, index) => index);
const KINDS: [string, Cells][] = [
  ["bytes", numbers],
  ["texts", [...numbers].map(String)],
];

for (const [kind, cells] of KINDS) {
  test(`spread() and gathered() move the rows behind other axes and back (${kind})`, () => {
    const layout = { rows: 3, runRows: 3, outer: 4 };
    const moved = spread(cells, layout);
    const order = [0, 8, 16, 2, 10, 18, 4, 12, 20, 6, 14, 22].flatMap((at) => [at, at + 1]);
    expect([...moved].map(Number)).toEqual(order);
    expect(gathered(moved, layout)).toEqual(cells);
  });

  test(`spread() fills up with the last row, which gathered() leaves out (${kind})`, () => {
    for (const outer of [1, 2]) {
      const layout = { rows: 2, runRows: 5, outer };
      const moved = spread(cells, layout);
      expect(moved.length).toBe(60);
      expect([...moved].slice(-12 / outer).map(Number)).toEqual([...numbers].slice(-12 / outer));
      expect(gathered(moved, layout)).toEqual(cells);
    }
  });
}

test("spread() and gathered() copy nothing that stays where it is", () => {
  const layout = { rows: 3, runRows: 3, outer: 1 };
  expect(spread(numbers, layout)).toBe(numbers);
  expect((gathered(numbers, layout) as Uint8Array).buffer).toBe(numbers.buffer);
});

test("startsOfEqual() finds where rows differ from the one before, in any of the tensors", () => {
  const one = { name: "a", datatype: "INT16", shape: [4, 1] } as const;
  const other = { name: "b", datatype: "BYTES", shape: [4, 1] } as const;
  const a = { ...one, data: new Uint8Array(Int16Array.of(1, 1, 1, 2).buffer) };
  const b = { ...other, data: textElements(["x", "xx", "xx", "xx"]) };
  expect(startsOfEqual([a], 4)).toEqual([0, 3]);
  expect(startsOfEqual([a, b], 4)).toEqual([0, 1, 3]);
  expect(startsOfEqual([{ ...a, data: new Uint8Array(8) }], 4)).toEqual([0]);
  expect(startsOfEqual([], 4)).toEqual([0]);
});

test("textsOf() gives back what textElements() made, with a BOM and without characters", () => {
  const texts = ["", "\uFEFFgrün", "𝄞"];
  expect(textsOf(textElements(texts), "x")).toEqual(texts);
});
