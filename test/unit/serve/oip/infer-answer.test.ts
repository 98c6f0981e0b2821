import { describe, expect, test } from "bun:test";
import type { Datatype } from "../../../../src/protocol/datatype.ts";
import type { NamedTensor, Payload } from "../../../../src/serve/inference.ts";
import { writeInferAnswer, type OipAnswer } from "../../../../src/serve/oip/infer-answer.ts";
import type { ModelFace, OutputChoice } from "../../../../src/serve/oip/model-face.ts";
import { anyValue, faceOf, jsonBytes, mixed, oneTensor } from "./sample-faces.ts";

const HEAD = { name: 'm"1', version: "2", id: undefined };

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function payload(...tensors: NamedTensor[]): Payload {
  return { kind: "tensors", rows: tensors[0]?.shape[0] ?? 0, tensors };
}

function one(datatype: Datatype, data: ArrayBufferView): Payload {
  return payload({ name: "x", datatype, shape: [1, 2], data: bytesOf(data) });
}

function write(
  given: Payload,
  face: ModelFace,
  outputs: readonly OutputChoice[] = face.allAsJson,
): OipAnswer {
  return writeInferAnswer(HEAD, given, { face, outputs });
}

const TEXTS: [Datatype, ArrayBufferView, string][] = [
  ["BOOL", Uint8Array.of(0, 1), "[false,true]"],
  ["UINT8", Uint8Array.of(0, 255), "[0,255]"],
  ["INT8", Int8Array.of(-1, 127), "[-1,127]"],
  ["UINT16", Uint16Array.of(1, 65_535), "[1,65535]"],
  ["INT16", Int16Array.of(-1, 1), "[-1,1]"],
  ["UINT32", Uint32Array.of(1, 4_294_967_295), "[1,4294967295]"],
  ["INT32", Int32Array.of(-1, 1), "[-1,1]"],
  ["UINT64", BigUint64Array.of(1n, 2n ** 64n - 1n), "[1,18446744073709551615]"],
  [
    "INT64",
    BigInt64Array.of(-(2n ** 63n), 9007199254740993n),
    "[-9223372036854775808,9007199254740993]",
  ],
  ["FP16", Float16Array.of(0.1, -2), "[0.0999755859,-2]"],
  ["BF16", Uint16Array.of(0x3f80, 0x3dcd), "[1,0.100097656]"],
  ["FP32", Float32Array.of(0.1, 1e-20), "[0.1,9.999999682655225e-21]"],
  ["FP32", Float32Array.of(NaN, -Infinity), "[null,-1e39]"],
  ["FP16", Float16Array.of(Infinity, 1.5), "[1e39,1.5]"],
  ["FP16", Float16Array.of(-0, 0), "[-0.0,0]"],
  ["FP32", Float32Array.of(0, -0), "[0,-0.0]"],
  ["FP64", Float64Array.of(0.1, Infinity), "[0.1,1e999]"],
  ["FP64", Float64Array.of(-0, 1e21), "[-0.0,1e+21]"],
  ["BYTES", Uint8Array.of(2, 0, 0, 0, 0x22, 0x0a, 0, 0, 0, 0), '["\\"\\n",""]'],
];

describe("writeInferAnswer()", () => {
  test.each(TEXTS)("writes %s", (datatype, data, text) => {
    const face = oneTensor(datatype);
    const { body, jsonBytes: length } = write(one(datatype, data), face);
    const told = `{"name":"x","datatype":"${datatype}","shape":[1,2],"data":${text}}`;
    expect(body).toBe(`{"model_name":"m\\"1","model_version":"2","outputs":[${told}]}`);
    expect(length).toBeUndefined();
    const parsed = JSON.parse(body as string) as object;
    expect(parsed).toHaveProperty("outputs[0].data");
  });

  test("echoes the id, and puts bytes behind the JSON in its order", () => {
    const face = faceOf({
      a: { datatype: "INT16", shape: [-1] },
      b: { datatype: "UINT8", shape: [-1] },
      c: { datatype: "BYTES", shape: [-1] },
    });
    const given = payload(
      { name: "a", datatype: "INT16", shape: [1], data: Uint8Array.of(1, 2) },
      { name: "b", datatype: "UINT8", shape: [1], data: Uint8Array.of(7) },
      { name: "c", datatype: "BYTES", shape: [1], data: Uint8Array.of(1, 0, 0, 0, 0xff) },
    );
    const [a, b, c] = face.allAsBytes as [OutputChoice, OutputChoice, OutputChoice];
    const outputs = [c, { ...b, isBinary: false }, a];
    const answer = writeInferAnswer({ ...HEAD, id: "i" }, given, { face, outputs });
    const bytes = Buffer.concat(answer.body as Uint8Array[]);
    const length = answer.jsonBytes as number;
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)))).toEqual({
      model_name: 'm"1',
      model_version: "2",
      id: "i",
      outputs: [
        { name: "c", datatype: "BYTES", shape: [1], parameters: { binary_data_size: 5 } },
        { name: "b", datatype: "UINT8", shape: [1], data: [7] },
        { name: "a", datatype: "INT16", shape: [1], parameters: { binary_data_size: 2 } },
      ],
    });
    expect([...bytes.subarray(length)]).toEqual([1, 0, 0, 0, 0xff, 1, 2]);
  });

  test("puts the rows where clients see them", () => {
    const words = Int16Array.from({ length: 12 }, (_, index) => index);
    const given = payload(
      { name: "w", datatype: "INT16", shape: [2, 2, 3], data: bytesOf(words) },
      { name: "z", datatype: "INT64", shape: [2], data: bytesOf(BigInt64Array.of(7n, 7n)) },
    );
    const outputs = mixed.allAsJson.slice(2);
    const { body } = write(given, mixed, outputs);
    expect((JSON.parse(body as string) as { outputs: object[] }).outputs).toEqual([
      {
        name: "w",
        datatype: "INT16",
        shape: [2, 2, 3],
        data: [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11],
      },
      { name: "z", datatype: "INT64", shape: [], data: [7] },
    ]);
  });

  test("gives the items of a model of any value as JSON texts", () => {
    const values = [jsonBytes('{"a":1}'), jsonBytes("[]")];
    const given = { kind: "values", form: "json", values } as const;
    const { body } = write(given, anyValue);
    const [output] = (JSON.parse(body as string) as { outputs: object[] }).outputs;
    const told = { name: "output", datatype: "BYTES", shape: [2] };
    expect(output).toEqual({ ...told, data: ['{"a":1}', "[]"] });
  });

  test("gives the highest values of each row when they are asked for", () => {
    const face = oneTensor("FP32", [-1, 3]);
    const data = bytesOf(Float32Array.of(0.25, 3, -1, 9, 8, 10));
    const given = payload({ name: "x", datatype: "FP32", shape: [2, 3], data });
    const [choice] = face.allAsJson as [OutputChoice];
    const classesOf = (classes: number): unknown => {
      const { body } = write(given, face, [{ ...choice, classes }]);
      return (JSON.parse(body as string) as { outputs: unknown[] }).outputs[0];
    };
    expect(classesOf(2)).toEqual({
      name: "x",
      datatype: "BYTES",
      shape: [2, 2],
      data: ["3.000000:1", "0.250000:0", "10.000000:2", "9.000000:0"],
    });
    expect(classesOf(9)).toMatchObject({ shape: [2, 3] });
    const texts = oneTensor("BYTES", [-1]);
    const text = payload({ name: "x", datatype: "BYTES", shape: [1], data: new Uint8Array(4) });
    expect(() => write(text, texts, [{ ...choice, classes: 1 }])).toThrow(
      "outputs[0].parameters.classification: elements of BYTES have no order",
    );
  });

  test.each([
    ["FP32", Float32Array.of(1, NaN, 3, 2), ["3.000000:2", "2.000000:3", "1.000000:0", "NaN:1"]],
    [
      "INT64",
      BigInt64Array.of(-5n, 2n ** 53n, 2n ** 53n + 1n, 0n),
      ["9007199254740993:2", "9007199254740992:1", "0:3", "-5:0"],
    ],
  ] as const)("orders %s exactly, and what is no number comes last", (datatype, data, texts) => {
    const face = oneTensor(datatype, [-1, 4]);
    const given = payload({ name: "x", datatype, shape: [1, 4], data: bytesOf(data) });
    const [choice] = face.allAsJson as [OutputChoice];
    const { body } = write(given, face, [{ ...choice, classes: 4 }]);
    expect(JSON.parse(body as string)).toMatchObject({ outputs: [{ data: texts }] });
  });

  test("says which output JSON cannot hold, and which is not there", () => {
    const face = oneTensor("BYTES", [-1]);
    const data = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0xff);
    const given = payload({ name: "x", datatype: "BYTES", shape: [2], data });
    expect(() => write(given, face)).toThrow(
      "Cannot answer: outputs[0]: element 1: it is not UTF-8, which JSON needs",
    );
    expect(() => write(payload(), face)).toThrow('Cannot answer: the model gave no output "x"');
    expect(() => write(given, anyValue)).toThrow('the model gave no output "output"');
    expect(() => write(given, oneTensor("FP32"))).toThrow('the model gave no output "x"');
  });
});
