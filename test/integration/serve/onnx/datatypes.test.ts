import { expect, test } from "bun:test";
import { identityModel } from "../../../support/onnx-model.ts";
import { loadOnnx, ONNX_RUNTIMES, type Elements } from "../../../support/onnx-case.ts";
import { thrownBy } from "../../../support/thrown-by.ts";

const ELEMENTS = {
  float32: Float32Array.of(1.5, -2, 3, Infinity),
  float64: Float64Array.of(1.5, -2, 3, 4),
  float16: Float16Array.of(1.5, -2, 65504, 0),
  int8: Int8Array.of(-128, 127, 0, 1),
  int16: Int16Array.of(-32768, 32767, 0, 1),
  int32: Int32Array.of(-(2 ** 31), 2, 0, 1),
  int64: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 0n, 1n),
  uint8: Uint8Array.of(255, 2, 0, 1),
  uint16: Uint16Array.of(65535, 2, 0, 1),
  uint32: Uint32Array.of(2 ** 32 - 1, 2, 0, 1),
  uint64: BigUint64Array.of(2n ** 64n - 1n, 2n, 0n, 1n),
  bool: Uint8Array.of(1, 0, 0, 1),
  string: ["grün", "", " x\n", "𝄞"],
} satisfies Record<string, Elements>;

const DATATYPES: Record<keyof typeof ELEMENTS, string> = {
  float32: "FP32",
  float64: "FP64",
  float16: "FP16",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  bool: "BOOL",
  string: "BYTES",
};

for (const runtime of ONNX_RUNTIMES) {
  for (const [type, elements] of Object.entries(ELEMENTS)) {
    test(`onnxPlugin() takes and gives ${type} (${runtime})`, async () => {
      const name = type as keyof typeof ELEMENTS;
      await using loaded = await loadOnnx(identityModel(name), { runtime });
      const spec = { datatype: DATATYPES[name], shape: [-1, -1] };
      expect(loaded.model.input).toEqual({ x: spec } as never);
      expect(loaded.model.output).toEqual({ y: spec } as never);
      const { y } = await loaded.predict({ x: elements }, 2);
      expect(y).toEqual({ shape: [2, 2], data: elements });
    });
  }

  test(`onnxPlugin() refuses a model of a type that no request can carry (${runtime})`, async () => {
    for (const type of ["bfloat16", "complex64"] as const) {
      expect(await thrownBy(loadOnnx(identityModel(type), { runtime }))).toMatchObject({
        code: "plugin.invalid",
        message: expect.stringMatching(/^Cannot load model ".*model\.onnx": .*(16|complex64)/),
      });
    }
  });
}

test("predictTensors() says which element is no text, and which bytes are no BOOL", async () => {
  await using texts = await loadOnnx(identityModel("string"));
  const ctx = undefined as never;
  const x = { name: "x", datatype: "BYTES", shape: [1, 2] } as const;
  const data = Uint8Array.of(1, 0, 0, 0, 65, 1, 0, 0, 0, 255);
  expect(await thrownBy(texts.model.predictTensors?.([{ ...x, data }], 1, ctx))).toMatchObject({
    code: "usage.invalid-input",
    message: expect.stringContaining('"x.1": these bytes are no UTF-8 text'),
  });
  const nul = Uint8Array.of(1, 0, 0, 0, 65, 1, 0, 0, 0, 0);
  expect(await thrownBy(texts.model.predictTensors?.([{ ...x, data: nul }], 1, ctx))).toMatchObject(
    {
      code: "usage.invalid-input",
      message: expect.stringContaining('"x.1": no text of ONNX has a NUL'),
    },
  );
  await using bools = await loadOnnx(identityModel("bool"));
  expect(await thrownBy(bools.predict({ x: Uint8Array.of(0, 2) }, 1))).toMatchObject({
    code: "usage.invalid-input",
    message: expect.stringContaining('"x": it has bytes that are neither 0 nor 1'),
  });
});
