import { describe, expect, test } from "bun:test";
import { readRawRequest } from "../../../../src/serve/oip/raw-request.ts";
import { anyValue, faceOf, jsonBytes, mixed, oneTensor } from "./sample-faces.ts";

const floats = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);

describe("readRawRequest()", () => {
  test("takes the bytes of one row; the variable axis follows from their number", () => {
    const shapeOf = (shape: number[]): unknown => {
      const { payload, outputs } = readRawRequest(floats, oneTensor("FP32", shape));
      expect(outputs).toMatchObject([{ index: 0, isBinary: true }]);
      return payload.kind === "tensors" && payload.tensors[0]?.shape;
    };
    expect(shapeOf([-1, 4])).toEqual([1, 4]);
    expect(shapeOf([-1, -1])).toEqual([1, 4]);
    expect(shapeOf([-1, 2, -1])).toEqual([1, 2, 2]);
  });

  test("takes the body as the one element of BYTES, or the one item of a model of any value", () => {
    const text = jsonBytes('{"a":1}');
    const bytes = readRawRequest(text, oneTensor("BYTES", [-1, 1])).payload;
    expect(bytes).toMatchObject({ rows: 1, tensors: [{ shape: [1, 1] }] });
    const [tensor] = bytes.kind === "tensors" ? bytes.tensors : [];
    expect(tensor?.data).toEqual(Uint8Array.of(7, 0, 0, 0, ...text));
    expect(readRawRequest(text, anyValue).payload).toMatchObject({ form: "json", values: [text] });
  });

  test.each([
    [mixed, "a raw request needs a model with one input: this one has 4"],
    [oneTensor("FP32", [-1, -1, -1]), "cannot tell its shape"],
    [oneTensor("FP32", [-1, 3]), "expected 12 bytes for 3 elements, got 16"],
    [oneTensor("FP32", [-1, 3, -1]), "expected 12 bytes for 3 elements, got 16"],
    [oneTensor("FP32", [-1, 0, -1]), "expected 0 bytes for 0 elements, got 16"],
    [oneTensor("BYTES", [-1, 2]), "can only be one element of BYTES"],
    [faceOf({ x: { datatype: "INT64", shape: [-1], axis: null } }), "got 16"],
    [anyValue, "expected the JSON text of an item"],
  ])("refuses what it cannot tell: %#", (face, why) => {
    const bytes = why === "got 16" ? floats.subarray(0, 15) : floats;
    expect(() => readRawRequest(bytes, face)).toThrow(why === "got 16" ? "got 15" : why);
  });
});
