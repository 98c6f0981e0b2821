import { describe, expect, test } from "bun:test";
import { writeGenerateAnswer } from "../../../../src/serve/oip/generate-answer.ts";
import { readGenerateRequest } from "../../../../src/serve/oip/generate-request.ts";
import type { ModelFace } from "../../../../src/serve/oip/model-face.ts";
import { anyValue, faceOf, jsonBytes, mixed } from "./sample-faces.ts";

const text = faceOf(
  {
    text_input: { datatype: "BYTES", shape: [-1, 1] },
    scale: { datatype: "FP32", shape: [-1] },
    grid: { datatype: "INT64", shape: [-1, 2, -1] },
  },
  {
    text_output: { datatype: "BYTES", shape: [-1, 1] },
    sizes: { datatype: "INT32", shape: [-1, -1] },
  },
);

function read(document: unknown, face: ModelFace = text) {
  return readGenerateRequest(jsonBytes(document), face);
}

describe("readGenerateRequest()", () => {
  test("makes one row of the keys that are inputs, and parameters of the others", () => {
    const document = {
      id: "9",
      text_input: "hi",
      scale: 0.5,
      grid: [1, 2, 3, 4],
      temperature: 2,
      parameters: { priority: 2, top: 3 },
    };
    const request = read(document);
    expect(request).toMatchObject({
      id: "9",
      priority: 2,
      parameters: { temperature: 2, top: 3 },
      payload: {
        rows: 1,
        tensors: [
          { name: "text_input", shape: [1, 1], data: Uint8Array.of(2, 0, 0, 0, 104, 105) },
          { name: "scale", shape: [1], data: Uint8Array.of(0, 0, 0, 0x3f) },
          { name: "grid", shape: [1, 2, 2] },
        ],
      },
    });
    const nested = read({
      ...document,
      text_input: ["hi"],
      scale: [0.5],
      grid: [
        [1, 2],
        [3, 4],
      ],
    });
    expect(nested.payload).toEqual(request.payload);
    const exact = JSON.stringify({ ...document, grid: [[0], [1]] }).replace(
      "[[0]",
      "[[9007199254740993]",
    );
    const { payload } = readGenerateRequest(jsonBytes(exact), text);
    const grid = payload.kind === "tensors" ? payload.tensors[2]?.data : undefined;
    expect(new BigInt64Array(grid?.buffer as ArrayBuffer)).toEqual(
      BigInt64Array.of(9007199254740993n, 1n),
    );
  });

  test("puts the row where clients see the rows", () => {
    const document = {
      x: [1, 2],
      y: "a",
      w: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      z: 5,
    };
    expect(read(document, mixed).payload).toMatchObject({
      rows: 1,
      tensors: [{ shape: [1, 2] }, { shape: [1] }, { shape: [1, 2, 3] }, { shape: [1] }],
    });
  });

  test("makes an item of all keys for a model of any value", () => {
    const { payload, parameters, id } = read({ id: "1", a: [1], parameters: { b: 2 } }, anyValue);
    expect({ payload, parameters, id }).toEqual({
      payload: { kind: "values", form: "json", values: [jsonBytes('{"a":[1]}')] },
      parameters: { b: 2 },
      id: "1",
    });
  });

  test.each([
    [{}, "text_input: this input is missing"],
    [{ text_input: 1, scale: 1, grid: [1, 2] }, "text_input[0]: expected BYTES, got 1"],
    [{ text_input: ["a", "b"], scale: 1, grid: [1, 2] }, "text_input: expected shape [1], got [2]"],
    [{ text_input: "a", scale: [1, 2], grid: [1, 2] }, "scale: expected shape [], got [2]"],
    [{ text_input: "a", scale: 1, grid: [1, 2, 3] }, "grid: expected shape [2, -1], got [3]"],
    [
      { text_input: "a", scale: 1, grid: [[1], [2], [3]] },
      "grid: expected shape [2, -1], got [3, 1]",
    ],
    [{ text_input: "a", scale: 1, grid: [[1], [2, 3]] }, "grid[1]: expected 1 elements, got 2"],
    [{ text_input: "a", scale: {}, grid: [[1], [2]] }, "scale[0]: expected FP32, got an object"],
    [[], "expected an object, got a list"],
  ])("says what is wrong with %j", (document, why) => {
    expect(() => read(document)).toThrow(why);
  });
});

test("readGenerateRequest() takes id for an input where the model has one of that name", () => {
  const one = { datatype: "INT32", shape: [-1, 1] } as const;
  const named = faceOf({ id: one, more: one });
  const { id, payload } = read({ id: 5, more: 6 }, named);
  expect(id).toBeUndefined();
  expect(payload).toMatchObject({
    tensors: [
      { name: "id", data: Uint8Array.of(5, 0, 0, 0) },
      { name: "more", data: Uint8Array.of(6, 0, 0, 0) },
    ],
  });
});

describe("writeGenerateAnswer()", () => {
  const head = { name: "m", version: "1", id: "3" };

  test("tells one element as it is, more as a list", () => {
    const tensors = [
      {
        name: "text_output",
        datatype: "BYTES",
        shape: [1, 1],
        data: Uint8Array.of(1, 0, 0, 0, 97),
      },
      {
        name: "sizes",
        datatype: "INT32",
        shape: [1, 2],
        data: Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0),
      },
    ] as const;
    const answer = writeGenerateAnswer(head, { kind: "tensors", rows: 1, tensors }, text);
    const told = { model_name: "m", model_version: "1", id: "3" };
    expect(JSON.parse(answer)).toEqual({ ...told, text_output: "a", sizes: [1, 2] });
  });

  test.each([
    ['{"a": 1, "b": {}}', { a: 1, b: {} }],
    [" {} ", { text_output: {} }],
    ['"word"', { text_output: "word" }],
    ["[1]", { text_output: [1] }],
  ])("tells %s of a model of any value", (value, told) => {
    const payload = { kind: "values", form: "json", values: [jsonBytes(value)] } as const;
    const answer = writeGenerateAnswer({ ...head, id: undefined }, payload, anyValue);
    expect(JSON.parse(answer)).toEqual({ model_name: "m", model_version: "1", ...told });
  });

  test("says no name twice: what the model calls model_name or id is that", () => {
    const told = '{"id": [7], "a": {"model_name": 1}, "model_version": null}';
    const item = { kind: "values", form: "json", values: [jsonBytes(told)] } as const;
    expect(writeGenerateAnswer(head, item, anyValue)).toBe(`{"model_name":"m",${told.slice(1)}`);
    const data = Uint8Array.of(9, 0, 0, 0);
    const id = { name: "id", datatype: "INT32", shape: [1, 1], data } as const;
    const tensors = { kind: "tensors", rows: 1, tensors: [id] } as const;
    const named = faceOf({ id: { datatype: "INT32", shape: [-1, 1] } });
    expect(writeGenerateAnswer(head, tensors, named)).toBe(
      '{"model_name":"m","model_version":"1","id":9}',
    );
  });
});
