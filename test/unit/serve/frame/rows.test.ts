import { expect, test } from "bun:test";
import type { Payload, Tensors } from "../../../../src/serve/inference.ts";
import { mergeRows, payloadBytes, rowsOf, sliceRows } from "../../../../src/serve/rows.ts";
import { bytesTensor, floats } from "./payloads.ts";

const texts = ["", "a", "bb", "ccc", "é"];
const values: Payload = {
  kind: "values",
  form: "msgpack",
  values: texts.map((text) => new TextEncoder().encode(text)),
};

test("mergeRows() joins what sliceRows() cut, wherever it was cut", () => {
  for (const whole of [floats(5, 3), bytesTensor(texts), values]) {
    for (let cut = 1; cut < 5; cut++) {
      const parts = [sliceRows(whole, 0, cut), sliceRows(whole, cut, 5 - cut)];
      expect(parts.map(rowsOf)).toEqual([cut, 5 - cut]);
      expect(mergeRows(parts)).toEqual(whole);
    }
    expect(rowsOf(sliceRows(whole, 5, 0))).toBe(0);
  }
});

test("mergeRows() copies nothing where parts lie side by side, and joins those that do not", () => {
  const whole = floats(4, 2);
  const [first, second] = [sliceRows(whole, 0, 2), sliceRows(whole, 2, 2)];
  const joined = mergeRows([first, second]) as Tensors;
  expect(joined.tensors[0]?.data.buffer).toBe(whole.tensors[0]?.data.buffer as ArrayBuffer);
  const turned = mergeRows([second, first]) as Tensors;
  expect(turned.tensors[0]?.shape).toEqual([4, 2]);
  expect(sliceRows(turned, 2, 2)).toEqual(first);
});

test("mergeRows() refuses parts that do not fit together, naming both shapes", () => {
  expect(() => mergeRows([floats(1, 3), floats(1, 4)])).toThrow(
    'Cannot join the outputs "x": shape [3] in one part, [4] in another',
  );
  expect(() => mergeRows([floats(1, 3), floats(1, 3, "y")])).toThrow('Cannot join the outputs "x"');
});

test("payloadBytes() counts values and tensors", () => {
  expect([payloadBytes(values), payloadBytes(floats(2, 3))]).toEqual([8, 24]);
});
