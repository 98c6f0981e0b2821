import { expect, test } from "bun:test";
import { matrixModel, onnxModel } from "../../../support/onnx-model.ts";
import { loadOnnx, ONNX_RUNTIMES } from "../../../support/onnx-case.ts";
import { thrownBy } from "../../../support/thrown-by.ts";

const FLIP = [
  [0, 1],
  [10, 0],
];
const sixteen = BigInt64Array.of(16n, 16n, 16n, 8n, 8n);

for (const runtime of ONNX_RUNTIMES) {
  test(`predictTensors() runs any number of rows where the model does (${runtime})`, async () => {
    await using loaded = await loadOnnx(matrixModel(FLIP), { runtime });
    expect(loaded.model).toMatchObject({
      platform: "onnxruntime_onnx",
      input: { x: { datatype: "FP32", shape: [-1, 2] } },
      output: { y: { datatype: "FP32", shape: [-1, 2] } },
    });
    expect(loaded.model.maxBatchSize).toBeUndefined();
    const { y } = await loaded.predict({ x: Float32Array.of(1, 2, 3, 4, 5, 6) }, 3);
    expect(y).toEqual({ shape: [3, 2], data: Float32Array.of(20, 1, 40, 3, 60, 5) });
  });

  test(`predictTensors() fills up to the rows that the model takes, and cuts more (${runtime})`, async () => {
    await using loaded = await loadOnnx(matrixModel(FLIP, 2), { runtime });
    expect(loaded.model.input).toEqual({ x: { datatype: "FP32", shape: [-1, 2] } });
    expect(loaded.model.maxBatchSize).toBe(2);
    const { y } = await loaded.predict({ x: Float32Array.of(1, 2, 3, 4, 5, 6) }, 3);
    expect(y).toEqual({ shape: [3, 2], data: Float32Array.of(20, 1, 40, 3, 60, 5) });
  });

  test(`predictTensors() finds the batch on a later axis, and shares what has none (${runtime})`, async () => {
    await using loaded = await loadOnnx(recurrent({ batch: "" }), { runtime });
    expect(loaded.model.input).toEqual({
      x: { datatype: "INT64", shape: [-1, 2] },
      state: { datatype: "INT64", shape: [-1, 2, 2], axis: 1 },
      rate: { datatype: "INT64", shape: [-1], axis: null },
    });
    expect(loaded.model.output?.["next"]).toEqual({
      datatype: "INT64",
      shape: [-1, 2, 2],
      axis: 1,
    });
    const state = { data: BigInt64Array.from({ length: 20 }, (_, i) => BigInt(i)), tail: [2, 2] };
    const x = BigInt64Array.from({ length: 10 }, (_, i) => BigInt(i));
    const outputs = await loaded.predict({ x, state, rate: { data: sixteen, tail: [] } }, 5);
    // next = state + x + rate: each row got its own state and x, and the rate that it came with.
    const expected = Array.from({ length: 20 }, (_, at) => {
      const row = Math.floor(at / 4);
      return BigInt(at + row * 2 + (at % 2)) + (sixteen[row] ?? 0n);
    });
    expect(outputs["next"]).toEqual({ shape: [5, 2, 2], data: BigInt64Array.from(expected) });
  });
}

test("predictTensors() takes the axis that is called batch, wherever it is", async () => {
  await using loaded = await loadOnnx(recurrent({ batch: "batch_size" }));
  expect(loaded.model.input?.["x"]).toEqual({ datatype: "INT64", shape: [-1, 2] });
  expect(loaded.model.input?.["state"]).toEqual({ datatype: "INT64", shape: [-1, 2, 2], axis: 1 });
});

test("predictTensors() does not take rows for a batch that change each other's answers", async () => {
  await using loaded = await loadOnnx(
    onnxModel({
      inputs: [{ name: "x", type: "float32", shape: [3, 1] }],
      outputs: [{ name: "y", type: "float32", shape: [3, 1] }],
      nodes: [{ op: "Softmax", inputs: ["x"], outputs: ["y"], attributes: { axis: 0 } }],
    }),
  );
  expect(loaded.model.maxBatchSize).toBe(1);
  expect(loaded.model.input).toEqual({ x: { datatype: "FP32", shape: [-1, 3, 1], axis: null } });
  const x = { data: Float32Array.of(1, 1, 1, 5, 5, 5), tail: [3, 1] };
  const { y } = await loaded.predict({ x }, 2);
  expect(y).toEqual({ shape: [2, 3, 1], data: new Float32Array(6).fill(1 / 3) });
});

test("predictTensors() takes for one item what has a length first, for its rows change each other's answers", async () => {
  const mixing = (axis: string): Uint8Array =>
    onnxModel({
      inputs: [{ name: "x", type: "float32", shape: [axis, 1] }],
      outputs: [{ name: "y", type: "float32", shape: [axis, 1] }],
      nodes: [{ op: "Softmax", inputs: ["x"], outputs: ["y"], attributes: { axis: 0 } }],
    });
  await using loaded = await loadOnnx(mixing("frames"));
  expect(loaded.model.input).toEqual({ x: { datatype: "FP32", shape: [-1, -1, 1], axis: null } });
  const x = { data: Float32Array.of(1, 1, 5, 5), tail: [2, 1] };
  const { y } = await loaded.predict({ x }, 2);
  expect(y).toEqual({ shape: [2, 2, 1], data: new Float32Array(4).fill(1 / 2) });
  await using named = await loadOnnx(mixing("batch"));
  expect(named.model.input).toEqual({ x: { datatype: "FP32", shape: [-1, 1] } });
});

test("predictTensors() gives rows one at a time to a model whose output is not one per row", async () => {
  await using loaded = await loadOnnx(
    onnxModel({
      inputs: [{ name: "x", type: "float32", shape: ["", 2] }],
      outputs: [{ name: "y", type: "float32", shape: ["count", 2] }],
      nodes: [
        { op: "Concat", inputs: ["x", "x"], outputs: ["y"], attributes: { axis: 0 } },
        { op: "Identity", inputs: ["x"], outputs: ["z"] },
      ],
    }),
  );
  expect(loaded.model.maxBatchSize).toBe(1);
  expect(loaded.model.output).toEqual({ y: { datatype: "FP32", shape: [-1, -1, 2] } });
  const { y } = await loaded.predict({ x: Float32Array.of(1, 2, 3, 4) }, 2);
  expect(y).toEqual({ shape: [2, 2, 2], data: Float32Array.of(1, 2, 1, 2, 3, 4, 3, 4) });
});

test("predictTensors() gives rows one at a time to a model that takes no more, whatever it says", async () => {
  await using loaded = await loadOnnx(
    onnxModel({
      inputs: [{ name: "x", type: "float32", shape: ["batch", 2] }],
      outputs: [{ name: "y", type: "float32", shape: ["batch", 2] }],
      nodes: [{ op: "Reshape", inputs: ["x", "shape"], outputs: ["y"] }],
      constants: [{ name: "shape", type: "int64", shape: [2], data: BigInt64Array.of(1n, 2n) }],
    }),
  );
  expect(loaded.model.maxBatchSize).toBe(1);
  const { y } = await loaded.predict({ x: Float32Array.of(1, 2, 3, 4) }, 2);
  expect(y).toEqual({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
});

test("predictTensors() learns from the first row what no made-up row shows", async () => {
  // Only a width of 7 fits, and only the run says that the output has its rows on the last axis.
  await using loaded = await loadOnnx(
    onnxModel({
      inputs: [{ name: "x", type: "float32", shape: ["a", "b"] }],
      outputs: [{ name: "y", type: "float32", shape: ["c", "d"] }],
      nodes: [
        { op: "MatMul", inputs: ["x", "w"], outputs: ["xw"] },
        { op: "Transpose", inputs: ["xw"], outputs: ["y"] },
      ],
      constants: [
        { name: "w", type: "float32", shape: [7, 2], data: new Float32Array(14).fill(1) },
      ],
    }),
  );
  const x = Float32Array.from({ length: 14 }, (_, index) => (index < 7 ? 1 : 2));
  expect((await loaded.predict({ x }, 2))["y"]).toEqual({
    shape: [2, 2],
    data: Float32Array.of(7, 7, 14, 14),
  });
  expect(await thrownBy(loaded.predict({ x: new Float32Array(3) }, 1))).toMatchObject({
    code: "task.failed",
    message: expect.stringMatching(/^Cannot run the model: /),
  });
});

/** next = state + x + rate, where state and next have their rows on the second axis. */
function recurrent({ batch }: { batch: string }): Uint8Array {
  return onnxModel({
    inputs: [
      { name: "x", type: "int64", shape: [batch, 2] },
      { name: "state", type: "int64", shape: [2, batch, 2] },
      { name: "rate", type: "int64", shape: [] },
    ],
    outputs: [{ name: "next", type: "int64", shape: ["", "", ""] }],
    nodes: [
      { op: "Add", inputs: ["state", "x"], outputs: ["sum"] },
      { op: "Add", inputs: ["sum", "rate"], outputs: ["next"] },
    ],
  });
}
