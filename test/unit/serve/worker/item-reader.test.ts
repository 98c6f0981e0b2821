import { expect, test } from "bun:test";
import type { TensorSpec } from "../../../../src/protocol/datatype.ts";
import { Tensor } from "../../../../src/protocol/tensor.ts";
import { ItemReader } from "../../../../src/serve/worker/item-reader.ts";

/** Reads a value as the tensor "x" of an item. */
function read(
  spec: TensorSpec,
  value: unknown,
): { elements: unknown; shape: readonly number[] | undefined } {
  const { item, shapes } = new ItemReader({ x: spec }).readInput({ x: value });
  return { elements: item["x"], shape: shapes["x"] };
}

function fault(spec: TensorSpec, value: unknown): string {
  try {
    read(spec, value);
    return "";
  } catch (thrown) {
    const { path, message } = thrown as { path: string; message: string };
    return `${path}: ${message}`;
  }
}

const pair: TensorSpec = { datatype: "FP32", shape: [-1, 2] };
const matrix: TensorSpec = { datatype: "FP32", shape: [-1, 2, 3] };
const open: TensorSpec = { datatype: "FP32", shape: [-1, 3, -1] };
const wide: TensorSpec = { datatype: "FP32", shape: [-1, -1, -1] };
const six = Float32Array.of(1, 2, 3, 4, 5, 6);

test.each([
  ["a list", [1, 2]],
  ["a typed array", Float32Array.of(1, 2)],
  ["one of another type", Int8Array.of(1, 2)],
  ["a Tensor", new Tensor(Float64Array.of(1, 2), [2])],
  ["integers without end", [1n, 2n]],
])("readInput() makes a Float32Array of %s", (_name, value) => {
  expect(read(pair, value)).toEqual({ elements: Float32Array.of(1, 2), shape: [2] });
});

test.each([
  [
    "lists in lists",
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ],
  ["a flat list", [1, 2, 3, 4, 5, 6]],
  ["typed arrays in a list", [six.subarray(0, 3), six.subarray(3)]],
  ["a flat typed array", six],
  ["a Tensor", new Tensor(six, [2, 3])],
])("readInput() takes %s for more axes", (_name, value) => {
  expect(read(matrix, value)).toEqual({ elements: six, shape: [2, 3] });
});

test("readInput() finds the size of a free axis, in a flat list if there is only one", () => {
  expect(read(open, six).shape).toEqual([3, 2]);
  expect(read(open, [[1], [2], [3]]).shape).toEqual([3, 1]);
  expect(read(wide, [[1, 2, 3]]).shape).toEqual([1, 3]);
  expect(read(wide, new Tensor(six, [3, 2]))).toEqual({ elements: six, shape: [3, 2] });
  const none = new Tensor(new Float64Array(), [0, 4]);
  expect(read(wide, none)).toEqual({ elements: new Float32Array(), shape: [0, 4] });
  expect(fault(wide, six)).toBe(
    "x: shape [-1, -1] is not to be seen in a flat list: give lists in lists, or a Tensor",
  );
});

test("readInput() takes a bare element for a tensor without further axes, and a bare tensor for the only one", () => {
  expect(read({ datatype: "FP32", shape: [-1] }, 5).elements).toEqual(Float32Array.of(5));
  expect(new ItemReader({ x: pair }).readInput([1, 2]).item).toEqual({ x: Float32Array.of(1, 2) });
});

test.each([
  [{ datatype: "BOOL", shape: [-1, 2] }, [true, 0], Uint8Array.of(1, 0)],
  [{ datatype: "UINT8", shape: [-1, 2] }, [0, 255], Uint8Array.of(0, 255)],
  [{ datatype: "INT16", shape: [-1, 1] }, [-32_768], Int16Array.of(-32_768)],
  [
    { datatype: "INT64", shape: [-1, 3] },
    [1, -2n, "9007199254740993"],
    BigInt64Array.of(1n, -2n, 9007199254740993n),
  ],
  [
    { datatype: "UINT64", shape: [-1, 1] },
    ["18446744073709551615"],
    BigUint64Array.of(2n ** 64n - 1n),
  ],
  [{ datatype: "FP16", shape: [-1, 1] }, [1.5], Float16Array.of(1.5)],
  [{ datatype: "BF16", shape: [-1, 1] }, [1.5], Float32Array.of(1.5)],
  [{ datatype: "FP64", shape: [-1, 1] }, [0.1], Float64Array.of(0.1)],
  [
    { datatype: "BYTES", shape: [-1, 2] },
    ["é", Uint8Array.of(7)],
    [Uint8Array.of(0xc3, 0xa9), Uint8Array.of(7)],
  ],
  [{ datatype: "BYTES", shape: [-1], as: "text" }, "é", ["é"]],
] as [TensorSpec, unknown, unknown][])("readInput() by %j", (spec, value, elements) => {
  expect(read(spec, value).elements).toEqual(elements);
});

test.each([
  [pair, [1, 2, 3], "x: shape [2] is needed: got [3]"],
  [pair, [1, "2"], 'x.1: "2" is no FP32'],
  [pair, [1, null], "x.1: null is no FP32"],
  [pair, { a: 1 }, "x: an object is no tensor"],
  [
    matrix,
    [
      [1, 2, 3],
      [4, 5],
    ],
    "x.1: a list of 3 is needed: got a list of 2",
  ],
  [matrix, [[1, 2, 3], 4], "x.1: a list of 3 is needed: got 4"],
  [
    matrix,
    [
      [1, 2, 3],
      [4, 5, true],
    ],
    "x.1.2: true is no FP32",
  ],
  [matrix, new Tensor(six, [3, 2]), "x: shape [2, 3] is needed: got [3, 2]"],
  [open, Float32Array.of(1, 2), "x: shape [3, -1] is needed: got [2]"],
  [{ datatype: "UINT8", shape: [-1, 1] }, [256], "x.0: 256 is no UINT8"],
  [{ datatype: "UINT8", shape: [-1, 1] }, [1.5], "x.0: 1.5 is no UINT8"],
  [
    { datatype: "INT64", shape: [-1, 1] },
    [2 ** 60],
    "x.0: 1152921504606847000 is a rounded number: give a BigInt, or a text",
  ],
  [
    { datatype: "INT64", shape: [-1, 1] },
    ["9223372036854775808"],
    'x.0: "9223372036854775808" is no INT64',
  ],
  [{ datatype: "BOOL", shape: [-1, 1] }, [2], "x.0: 2 is no BOOL"],
  [{ datatype: "BYTES", shape: [-1, 1] }, [3], "x.0: 3 is no text and no byte string"],
  [
    { datatype: "BYTES", shape: [-1, 1], as: "text" },
    [Uint8Array.of(255)],
    "x.0: these bytes are no UTF-8 text",
  ],
] as [TensorSpec, unknown, string][])("readInput() by %j refuses %j", (spec, value, words) => {
  expect(fault(spec, value)).toBe(words);
});

test("readInput() refuses names that are missing or unknown, and what is no object", () => {
  const reader = new ItemReader({ a: pair, b: pair });
  const told = (value: unknown): string => {
    try {
      reader.readInput(value);
      return "";
    } catch (thrown) {
      return `${(thrown as { path: string }).path}: ${(thrown as Error).message}`;
    }
  };
  expect(told({ a: [1, 2] })).toBe("b: it is missing");
  expect(told({ a: [1, 2], b: [1, 2], c: 1 })).toBe(
    'c: the model has no such input: it takes "a", "b"',
  );
  for (const value of [[1, 2], null, 3, "text"]) {
    expect(told(value)).toStartWith(': an object with "a", "b" is needed: got ');
  }
  expect(told(JSON.parse('{"__proto__": {"a": [1, 2]}, "b": [1, 2]}'))).not.toBe("");
});

test("readInput() allocates nothing for lists that are not there", () => {
  const ragged = [Array.from({ length: 3 }, () => 0), ...Array.from({ length: 50_000 }, () => [])];
  expect(fault({ datatype: "FP32", shape: [-1, -1, -1] }, ragged)).toBe(
    "x.1: a list of 3 is needed: got a list of 0",
  );
  let deep: unknown = 1;
  for (let level = 0; level < 5_000; level++) deep = [deep];
  expect(fault(pair, deep)).toStartWith("x: shape [2] is needed: got [1, 1");
});
