import { describe, expect, test } from "bun:test";
import type { Datatype } from "../../../../src/protocol/datatype.ts";
import type { NamedTensor, Tensors } from "../../../../src/serve/inference.ts";
import { readInferRequest, type OipRequest } from "../../../../src/serve/oip/infer-request.ts";
import type { ModelFace } from "../../../../src/serve/oip/model-face.ts";
import { anyValue, faceOf, jsonBytes, mixed, oneTensor } from "./sample-faces.ts";

const NONE = new Uint8Array();

function read(document: unknown, face: ModelFace, binary: Uint8Array = NONE): OipRequest {
  return readInferRequest({ json: jsonBytes(document), binary }, face);
}

function tensorOf(request: OipRequest, index = 0): NamedTensor {
  return (request.payload as Tensors).tensors[index] as NamedTensor;
}

/** One row of two elements and the bytes that they are. */
const ELEMENTS: [Datatype, string, number[]][] = [
  ["BOOL", "[true,false]", [1, 0]],
  ["UINT8", "[0,255]", [0, 255]],
  ["INT8", "[-128,127]", [0x80, 0x7f]],
  ["UINT16", "[1,65535]", [1, 0, 0xff, 0xff]],
  ["INT16", "[-2,32767]", [0xfe, 0xff, 0xff, 0x7f]],
  ["UINT32", "[1,4294967295]", [1, 0, 0, 0, 255, 255, 255, 255]],
  ["INT32", "[-1,2147483647]", [255, 255, 255, 255, 255, 255, 255, 127]],
  ["INT64", "[-1,4294967296]", [...Array<number>(8).fill(255), 0, 0, 0, 0, 1, 0, 0, 0]],
  [
    "INT64",
    "[9007199254740993,-9223372036854775808]",
    [1, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0x80],
  ],
  [
    "UINT64",
    "[18446744073709551615,1e3]",
    [...Array<number>(8).fill(255), 0xe8, 3, 0, 0, 0, 0, 0, 0],
  ],
  ["FP16", "[1,-2]", [0, 0x3c, 0, 0xc0]],
  ["BF16", "[1,0.1]", [0x80, 0x3f, 0xcd, 0x3d]],
  ["FP32", "[1,-0.5]", [0, 0, 0x80, 0x3f, 0, 0, 0, 0xbf]],
  ["FP64", "[1,0]", [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0]],
  ["BYTES", '["é",""]', [2, 0, 0, 0, 0xc3, 0xa9, 0, 0, 0, 0]],
  ["BYTES", '["\\ud800","a"]', [3, 0, 0, 0, 0xef, 0xbf, 0xbd, 1, 0, 0, 0, 97]],
];

describe("readInferRequest()", () => {
  test.each(ELEMENTS)("reads %s from %s", (datatype, data, bytes) => {
    const face = oneTensor(datatype);
    for (const nested of [data, `[${data}]`]) {
      const text = `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[1,2],"data":${nested}}]}`;
      const { payload } = read(text, face);
      expect(payload).toEqual({
        kind: "tensors",
        rows: 1,
        tensors: [{ name: "x", datatype, shape: [1, 2], data: Uint8Array.from(bytes) }],
      });
    }
    const input = {
      name: "x",
      datatype,
      shape: [1, 2],
      parameters: { binary_data_size: bytes.length },
    };
    const binary = read({ inputs: [input] }, face, Uint8Array.from(bytes));
    expect([...tensorOf(binary).data]).toEqual(bytes);
  });

  test("rounds to the nearest bfloat16, the even one of two that are as near", () => {
    const face = oneTensor("BF16", [-1]);
    const data = [1.00390625, 1.01171875, 3.4e38, 1e39, -1e-45, 65280.5];
    const told = { name: "x", datatype: "BF16", shape: [6], data };
    const { data: bytes } = tensorOf(read({ inputs: [told] }, face));
    const words = [...new Uint16Array(bytes.buffer)].map((word) => word.toString(16));
    expect(words).toEqual(["3f80", "3f82", "7f80", "7f80", "8000", "477f"]);
  });

  test("reads NaN and the infinities as Python writes them", () => {
    const face = oneTensor("FP64", [-1]);
    const text =
      '{"inputs":[{"name":"x","datatype":"FP64","shape":[3],"data":[NaN,-Infinity,1e999]}]}';
    const { data } = tensorOf(read(text, face));
    expect([...new Float64Array(data.buffer)]).toEqual([NaN, -Infinity, Infinity]);
  });

  test("reads floats beside whole numbers that must be read again", () => {
    const face = faceOf({
      a: { datatype: "FP64", shape: [-1] },
      b: { datatype: "INT64", shape: [-1] },
      c: { datatype: "BF16", shape: [-1] },
    });
    const text = `{"id":"n","inputs":[
      {"name":"c","datatype":"BF16","shape":[2],"data":[9007199254740993,0]},
      {"name":"b","datatype":"INT64","shape":[2],"data":[-9007199254740993,0]},
      {"name":"a","datatype":"FP64","shape":[2],"data":[1e300,NaN]}]}`;
    const request = read(text, face);
    const { tensors } = request.payload as Tensors;
    expect(tensors.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect([...new Float64Array(tensors[0]?.data.buffer as ArrayBuffer)]).toEqual([1e300, NaN]);
    expect(new BigInt64Array(tensors[1]?.data.buffer as ArrayBuffer)[0]).toBe(-9007199254740993n);
    expect(new Uint16Array(tensors[2]?.data.buffer as ArrayBuffer)[0]).toBe(0x5a00);
  });

  test("takes tensors as JSON and as bytes in one request, in the order of the request", () => {
    const inputs = [
      { name: "y", datatype: "BYTES", shape: [2], parameters: { binary_data_size: 9 } },
      { name: "x", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] },
      { name: "z", datatype: "INT64", shape: [], data: 7 },
      { name: "w", datatype: "INT16", shape: [2, 2, 3], parameters: { binary_data_size: 24 } },
    ];
    const texts = Uint8Array.of(1, 0, 0, 0, 97, 0, 0, 0, 0);
    const words = Int16Array.from({ length: 12 }, (_, index) => index);
    const binary = Uint8Array.of(...texts, ...new Uint8Array(words.buffer));
    const { payload } = read({ inputs }, mixed, binary);
    const { rows, tensors } = payload as Tensors;
    expect(rows).toBe(2);
    expect(tensors.map(({ name, shape }) => [name, ...shape])).toEqual([
      ["x", 2, 2],
      ["y", 2],
      ["w", 2, 2, 3],
      ["z", 2],
    ]);
    expect(tensors[1]?.data).toEqual(texts);
    // The second axis is the rows: [2, 2, 3] with them first.
    const moved = new Int16Array(tensors[2]?.data.slice().buffer as ArrayBuffer);
    expect([...moved]).toEqual([0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]);
    // What all rows share is there for each.
    expect([...new BigInt64Array(tensors[3]?.data.buffer as ArrayBuffer)]).toEqual([7n, 7n]);
  });

  test("tells id, priority, timeout in milliseconds, and the parameters it does not know", () => {
    const inputs = [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }];
    const parameters = { priority: 1, timeout: 2_500, sequence_id: 3, note: "n" };
    const request = read({ id: "42", parameters, inputs }, oneTensor("FP32"));
    expect(request).toMatchObject({ id: "42", priority: 1, timeoutMs: 2.5 });
    expect(request.parameters).toEqual({ sequence_id: 3, note: "n" });
    const plain = read({ parameters: { priority: 0, timeout: 0 }, inputs }, oneTensor("FP32"));
    expect(plain).toMatchObject({ id: undefined, priority: undefined, timeoutMs: undefined });
    expect(plain.parameters).toBeUndefined();
    const long = read({ parameters: { timeout: 2 ** 52 }, inputs }, oneTensor("FP32"));
    expect(long.timeoutMs).toBe(2 ** 31 - 1);
    // As a client says "for ever", beside a tensor for which the request is read exactly.
    const big = `"inputs":[{"name":"x","datatype":"INT64","shape":[1,2],"data":[1,9007199254740993]}]`;
    const ever = `{"parameters":{"timeout":18446744073709551615,"priority":2},${big}}`;
    const exact = read(ever, oneTensor("INT64"));
    expect(exact.priority).toBe(2);
    expect(exact.timeoutMs).toBe(2 ** 31 - 1);
  });

  test("chooses outputs by name, as JSON or as bytes", () => {
    const face = faceOf(
      { x: { datatype: "FP32", shape: [-1] } },
      { a: { datatype: "FP32", shape: [-1] }, b: { datatype: "FP32", shape: [-1] } },
    );
    const inputs = [{ name: "x", datatype: "FP32", shape: [1], data: [1] }];
    const chosen = (rest: object) =>
      read({ inputs, ...rest }, face).outputs.map(({ index, isBinary }) => [index, isBinary]);
    expect(chosen({})).toEqual([
      [0, false],
      [1, false],
    ]);
    expect(chosen({ outputs: [] })).toEqual([
      [0, false],
      [1, false],
    ]);
    expect(chosen({ parameters: { binary_data_output: true } })).toEqual([
      [0, true],
      [1, true],
    ]);
    const outputs = [{ name: "b" }, { name: "a", parameters: { binary_data: false } }];
    expect(chosen({ outputs, parameters: { binary_data_output: true } })).toEqual([
      [1, true],
      [0, false],
    ]);
  });

  test("gives a model of any value the JSON texts of its items", () => {
    const inputs = [{ name: "input", datatype: "BYTES", shape: [2], data: ['{"a":[1]}', "null"] }];
    expect(read({ inputs }, anyValue).payload).toEqual({
      kind: "values",
      form: "json",
      values: [jsonBytes('{"a":[1]}'), jsonBytes("null")],
    });
  });

  test("takes rows of nothing, and as many rows as there are", () => {
    const empty = { name: "x", datatype: "FP32", shape: [3, 0], data: [] };
    const { payload } = read({ inputs: [empty] }, oneTensor("FP32", [-1, -1]));
    expect(payload).toMatchObject({ rows: 3 });
    const many = { name: "x", datatype: "UINT8", shape: [5_000, 1], data: Array(5_000).fill(9) };
    expect(read({ inputs: [many] }, oneTensor("UINT8", [-1, 1])).payload).toMatchObject({
      rows: 5_000,
    });
  });
});
