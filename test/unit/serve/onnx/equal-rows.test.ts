import { describe, expect, test } from "bun:test";
import { textElements } from "../../../../src/protocol/bytes-elements.ts";
import type { NamedTensor } from "../../../../src/serve/inference.ts";
import { startsOfEqual } from "../../../../src/serve/onnx/equal-rows.ts";

function floats(...values: number[]): NamedTensor {
  return {
    name: "x",
    datatype: "FP32",
    shape: [values.length],
    data: new Uint8Array(Float32Array.from(values).buffer),
  };
}

function texts(...values: string[]): NamedTensor {
  return { name: "t", datatype: "BYTES", shape: [values.length], data: textElements(values) };
}

describe("startsOfEqual()", () => {
  test.each([
    ["rows that are all the same", [floats(1, 1, 1)], 3, [0]],
    ["a value that comes back", [floats(1, 2, 2, 1)], 4, [0, 1, 3]],
    ["texts, also of one length", [texts("aa", "ab", "ab")], 3, [0, 1]],
    ["where any tensor changes", [floats(1, 1, 2, 2), texts("a", "b", "b", "b")], 4, [0, 1, 2]],
    ["tensors of which one never changes", [floats(1, 1, 1), texts("a", "a", "b")], 3, [0, 2]],
    ["one row", [floats(1)], 1, [0]],
    ["no tensors", [], 3, [0]],
  ])("tells %s", (_, tensors, rows, starts) => {
    expect(startsOfEqual(tensors, rows)).toEqual(starts);
  });
});
