import { describe, expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { readInferRequest } from "../../../../src/serve/oip/infer-request.ts";
import type { ModelFace } from "../../../../src/serve/oip/model-face.ts";
import { anyValue, faceOf, jsonBytes, mixed, oneTensor } from "./sample-faces.ts";

const fp32 = oneTensor("FP32");
const good = { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] };

function faultOf(document: unknown, face: ModelFace, binary = new Uint8Array()): DingError {
  try {
    readInferRequest({ json: jsonBytes(document), binary }, face);
  } catch (thrown) {
    return thrown as DingError;
  }
  throw new Error("It was accepted");
}

/** The input, changed. */
function input(change: object): object {
  return { inputs: [{ ...good, ...change }] };
}

const FAULTS: [path: string, why: string, document: unknown, face?: ModelFace][] = [
  ["inputs", "expected a list, got nothing", {}],
  ["inputs", '"x" is missing', { inputs: [] }],
  ["inputs[0]", "expected an object, got 5", { inputs: [5] }],
  ["inputs[0].name", 'expected one of "x", got "q"', input({ name: "q" })],
  ["inputs[1].name", '"x" is there twice', { inputs: [good, good] }],
  ["inputs[0].datatype", "expected FP32, got nothing", input({ datatype: undefined })],
  ["inputs[0].datatype", 'expected FP32, got "FP64"', input({ datatype: "FP64" })],
  ["inputs[0].shape", "expected a list of sizes, got 2", input({ shape: 2 })],
  ["inputs[0].shape", "expected 2 axes as in [-1, 2], got 1 axis", input({ shape: [2] })],
  ["inputs[0].shape[1]", "expected 2, got 3", input({ shape: [1, 3] })],
  ["inputs[0].shape[0]", "expected 1 row or more, got 0", input({ shape: [0, 2], data: [] })],
  ["inputs[0].shape[0]", "got -1", input({ shape: [-1, 2] })],
  ["inputs[0].shape[0]", "got 1.5", input({ shape: [1.5, 2] })],
  ["inputs[0].shape[0]", 'got "1"', input({ shape: ["1", 2] })],
  ["inputs[0].shape[0]", "got 1e+300", input({ shape: [1e300, 2] })],
  ["inputs[0].data", "expected 4294967296 elements", input({ shape: [2 ** 31, 2] })],
  ["inputs[0].shape", "more elements than can be counted", input({ shape: [2 ** 53 - 1, 2] })],
  ["inputs[0].data", "there is none", input({ data: undefined })],
  ["inputs[0].data", "expected a list of elements, got null", input({ data: null })],
  ["inputs[0].data", "expected 2 elements as in [1, 2], got 3", input({ data: [1, 2, 3] })],
  ["inputs[0].data[1]", 'expected FP32, got "2"', input({ data: [1, "2"] })],
  ["inputs[0].data[1]", "expected FP32, got null", input({ data: [1, null] })],
  ["inputs[0].data[0]", "expected FP32, got true", input({ data: [true, 1] })],
  [
    "inputs[0].data[1]",
    'expected BF16, got "2"',
    input({ datatype: "BF16", data: [1, "2"] }),
    oneTensor("BF16"),
  ],
  ["inputs[0].data", "expected 1 elements, got 2", input({ data: [[1], [2]] })],
  ["inputs[0].data[0]", "expected 2 elements, got 1", input({ data: [[1]] })],
  ["inputs[0].data[1]", "expected a list, got 3", input({ shape: [2, 2], data: [[1, 2], 3] })],
  ["inputs[0].data[0][1]", "expected FP32, got an object", input({ data: [[1, {}]] })],
  ["inputs[0].data[0][0]", "expected FP32, got a list", input({ data: [[[1], 2]] })],
  ["inputs[0].parameters", "expected an object, got 1", input({ parameters: 1 })],
  [
    "inputs[0].parameters.binary_data_size",
    "it says 8 bytes, 0 are left",
    input({ data: undefined, parameters: { binary_data_size: 8 } }),
  ],
  [
    "inputs[0].parameters.binary_data_size",
    "expected 8 bytes for 2 elements, got 0",
    input({ data: undefined, parameters: { binary_data_size: 0 } }),
  ],
  [
    "inputs[0].parameters.binary_data_size",
    "expected a whole number, 0 or more, got -1",
    input({ data: undefined, parameters: { binary_data_size: -1 } }),
  ],
  [
    "inputs[0].data",
    "the tensor has binary_data_size too",
    input({ parameters: { binary_data_size: 0 } }),
  ],
  [
    "inputs[0].parameters.shared_memory_region",
    "shared memory is not supported",
    input({ data: undefined, parameters: { shared_memory_region: "r" } }),
  ],
  ["outputs", "expected a list, got 1", { inputs: [good], outputs: 1 }],
  ["outputs[0]", "expected an object, got null", { inputs: [good], outputs: [null] }],
  ["outputs[0].name", 'expected one of "x", got "y"', { inputs: [good], outputs: [{ name: "y" }] }],
  [
    "outputs[1].name",
    '"x" is there twice',
    { inputs: [good], outputs: [{ name: "x" }, { name: "x" }] },
  ],
  [
    "outputs[0].parameters.binary_data",
    "expected true or false, got 1",
    { inputs: [good], outputs: [{ name: "x", parameters: { binary_data: 1 } }] },
  ],
  ["id", "expected a text, got 7", { id: 7, inputs: [good] }],
  ["parameters", "expected an object, got a list", { parameters: [], inputs: [good] }],
  ["parameters.priority", "got -1", { parameters: { priority: -1 }, inputs: [good] }],
  ["parameters.timeout", 'got "1"', { parameters: { timeout: "1" }, inputs: [good] }],
  [
    "parameters.binary_data_output",
    'got "yes"',
    { parameters: { binary_data_output: "yes" }, inputs: [good] },
  ],
  ["inputs[0].data[0]", "expected UINT8, got 256", typed("UINT8", "[256,0]"), oneTensor("UINT8")],
  ["inputs[0].data[1]", "expected INT8, got -129", typed("INT8", "[0,-129]"), oneTensor("INT8")],
  ["inputs[0].data[0]", "expected INT32, got 1.5", typed("INT32", "[1.5,0]"), oneTensor("INT32")],
  ["inputs[0].data[0]", "expected UINT64, got -1", typed("UINT64", "[-1,0]"), oneTensor("UINT64")],
  [
    "inputs[0].data[1]",
    "expected UINT64, got 18446744073709551616",
    typed("UINT64", "[0,18446744073709551616]"),
    oneTensor("UINT64"),
  ],
  [
    "inputs[0].data[0]",
    "expected INT64, got 9223372036854775808",
    typed("INT64", "[9223372036854775808,0]"),
    oneTensor("INT64"),
  ],
  [
    "inputs[0].data[0]",
    "expected INT64, got 1000",
    typed("INT64", "[1e300,0]"),
    oneTensor("INT64"),
  ],
  ["inputs[0].data[0]", "expected BOOL, got 1", typed("BOOL", "[1,0]"), oneTensor("BOOL")],
  ["inputs[0].data[1]", "expected BYTES, got 1", typed("BYTES", '["a",1]'), oneTensor("BYTES")],
  [
    "inputs[0].data[1]",
    "expected the JSON text of an item",
    { inputs: [{ name: "input", datatype: "BYTES", shape: [2], data: ["1", "{"] }] },
    anyValue,
  ],
  [
    "inputs[0].shape[0]",
    "expected 65536 rows of nothing at most, got 2147483648",
    { inputs: [{ ...good, shape: [2 ** 31, 0], data: [] }] },
    oneTensor("FP32", [-1, -1]),
  ],
];

function typed(datatype: string, data: string): string {
  return `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[1,2],"data":${data}}]}`;
}

describe("readInferRequest()", () => {
  test.each(FAULTS)("says of %s: %s", (path, why, document, face = fp32) => {
    const error = faultOf(document, face);
    expect(error).toBeInstanceOf(DingError);
    expect(error.code).toBe("usage.invalid-input");
    expect(error.message).toStartWith(`Cannot infer: ${path}: `);
    expect(error.message).toContain(why);
    expect(error.details).toEqual({ path });
  });

  test.each([
    ["", "inputs"],
    ["{", "line 1, column 2"],
    ["[]", "expected an object, got a list"],
    ["null", "expected an object, got null"],
    ['{"inputs": [NaN', "line 1"],
    ['{"inputs":[', "line 1, column 12"],
  ])("says where %p is no request", (text, why) => {
    expect(faultOf(text, fp32).message).toContain(why);
  });

  test("refuses a body that is not UTF-8, and one that is nested without end", () => {
    const bytes = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d);
    const broken = () => readInferRequest({ json: bytes, binary: new Uint8Array() }, fp32);
    expect(broken).toThrow("not UTF-8");
    const deep = `{"inputs":${"[".repeat(1_000_000)}`;
    expect(faultOf(deep, fp32).code).toBe("usage.invalid-input");
    const closed = `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":${"[".repeat(200_000)}${"]".repeat(200_000)}}]}`;
    expect(faultOf(closed, fp32).code).toBe("usage.invalid-input");
  });

  test("wants as many rows of each input, and no bytes behind the last", () => {
    const inputs = [
      { name: "x", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] },
      { name: "y", datatype: "BYTES", shape: [3], data: ["a", "b", "c"] },
      { name: "w", datatype: "INT16", shape: [2, 2, 3], data: Array(12).fill(0) },
      { name: "z", datatype: "INT64", shape: [], data: [1] },
    ];
    expect(faultOf({ inputs }, mixed).message).toBe(
      "Cannot infer: inputs[1].shape[0]: expected 2 rows as in inputs[0], got 3",
    );
    expect(faultOf({ inputs: [good] }, fp32, Uint8Array.of(1, 2)).message).toBe(
      "Cannot infer: inputs: 2 bytes follow the last input",
    );
  });

  test.each([
    ["it ends before the length of element 1", [1, 0, 0, 0, 97, 0, 0]],
    ["element 0 says that it has 4294967295 bytes, 4 are left", [255, 255, 255, 255, 1, 2, 3, 4]],
    ["element 1 says that it has 2 bytes, 1 are left", [1, 0, 0, 0, 97, 2, 0, 0, 0, 98]],
    ["1 bytes follow the last element", [0, 0, 0, 0, 0, 0, 0, 0, 7]],
  ])("says of BYTES that %s", (why, bytes) => {
    const face = oneTensor("BYTES");
    const told = { name: "x", datatype: "BYTES", shape: [1, 2] };
    const parameters = { binary_data_size: bytes.length };
    const document = { inputs: [{ ...told, parameters }] };
    expect(faultOf(document, face, Uint8Array.from(bytes)).message).toEndWith(why);
  });

  test("does not make a large payload of a small body", () => {
    const face = faceOf({
      x: { datatype: "UINT8", shape: [-1] },
      z: { datatype: "UINT8", shape: [-1, -1], axis: null },
    });
    const size = 65_536;
    const inputs = ["x", "z"].map((name) => ({
      name,
      datatype: "UINT8",
      shape: [size],
      parameters: { binary_data_size: size },
    }));
    expect(faultOf({ inputs }, face, new Uint8Array(2 * size)).message).toBe(
      "Cannot infer: inputs[1]: 65536 bytes for each of 65536 rows are too many",
    );
  });

  test("takes so many items of any value at a time, and no more", () => {
    const count = 131_073;
    const told = { name: "input", datatype: "BYTES", shape: [count] };
    const inputs = [{ ...told, parameters: { binary_data_size: 4 * count } }];
    expect(faultOf({ inputs }, anyValue, new Uint8Array(4 * count)).message).toBe(
      "Cannot infer: inputs[0].shape[0]: expected 131072 items at most, got 131073",
    );
  });

  test("does not look long for the fault of a long text", () => {
    const text = `[${"[],".repeat(2 * 1024 * 1024)}`;
    expect(faultOf(text, fp32).message).toBe("Cannot read body: it is not JSON");
  });
});
