import { expect, test } from "bun:test";
import { silentLogger, type Logger } from "../../../../src/core/log.ts";
import { bytesOf } from "../../../../src/protocol/datatype.ts";
import { onnxPlugin } from "../../../../src/serve/onnx/onnx-plugin.ts";
import type { PredictContext } from "../../../../src/serve/plugin/model-plugin.ts";
import { matrixModel, onnxModel, type OnnxConstant } from "../../../support/onnx-model.ts";
import { loadOnnx, onnxFolder, ONNX_RUNTIMES } from "../../../support/onnx-case.ts";
import { recordLog } from "../../../support/interaction.ts";
import { thrownBy } from "../../../support/thrown-by.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const MODEL = matrixModel([[1], [2]]);
const BROKEN: [string, Uint8Array | string][] = [
  ["an empty file", ""],
  ["a text", "<html>not found</html>"],
  ["half a model", MODEL.slice(0, MODEL.length / 2)],
  [
    "a model with an operator that nobody knows",
    onnxModel({
      inputs: [{ name: "x", type: "float32", shape: ["n"] }],
      outputs: [{ name: "y", type: "float32", shape: ["n"] }],
      nodes: [{ op: "Magic", inputs: ["x"], outputs: ["y"] }],
    }),
  ],
];

for (const runtime of ONNX_RUNTIMES) {
  for (const [what, content] of BROKEN) {
    test(`onnxPlugin() names the file and the fault of ${what} (${runtime})`, async () => {
      expect(await thrownBy(loadOnnx(content, { runtime }))).toMatchObject({
        code: "plugin.invalid",
        message: expect.stringMatching(/^Cannot load model ".*\/model\.onnx": \w.*[^.]$/s),
        hint: "See that the file is a whole ONNX model.",
        details: { path: expect.stringMatching(/\/model\.onnx$/) },
      });
    });
  }
}

test("onnxPlugin() refuses a file that is not there, and a folder", async () => {
  await using folder = await tempFolder();
  expect(await thrownBy(onnxPlugin(folder.file("no.onnx")))).toMatchObject({
    code: "plugin.not-found",
    message: `Cannot load model "${folder.file("no.onnx")}": no such file`,
  });
  expect(await thrownBy(onnxPlugin(folder.path))).toMatchObject({ code: "plugin.not-found" });
});

test("onnxPlugin() never runs on the CPU when a GPU was asked for", async () => {
  expect(await thrownBy(loadOnnx(MODEL, { runtime: "wasm", deviceId: 0 }))).toMatchObject({
    code: "plugin.invalid",
    message: expect.stringContaining("on a GPU: the runtime in this program knows only the CPU"),
    hint: "Install onnxruntime-node beside the model, or use --device-map -1.",
  });
  // onnxruntime-node as npm has it comes without CUDA's libraries; where there are some, there is no such GPU.
  expect(await thrownBy(loadOnnx(MODEL, { runtime: "node", deviceId: 4711 }))).toMatchObject({
    code: "plugin.invalid",
    hint: "See that onnxruntime-node has its CUDA libraries, or use --device-map -1.",
  });
});

for (const runtime of ONNX_RUNTIMES) {
  test(`onnxPlugin() leaves out an output that is no tensor, and says so (${runtime})`, async () => {
    const tensor = { type: "float32" as const, shape: ["batch", 2] };
    const model = onnxModel({
      inputs: [{ name: "x", ...tensor }],
      outputs: [
        { name: "y", ...tensor },
        { name: "parts", ...tensor, isSequence: true },
      ],
      nodes: [
        { op: "Identity", inputs: ["x"], outputs: ["y"] },
        { op: "SequenceConstruct", inputs: ["x", "y"], outputs: ["parts"] },
      ],
    });
    const log = recordLog();
    await using loaded = await loadOnnx(model, { runtime, log });
    expect(await loaded.predict({ x: Float32Array.of(1, 2) }, 1)).toEqual({
      y: { shape: [1, 2], data: Float32Array.of(1, 2) },
    });
    expect(log.text()).toContain('warn Output "parts" is left out: it is a map or a sequence');
  });
}

test("onnxPlugin() takes the wasm where onnxruntime-node does not load, and says so", async () => {
  const { folder, file } = await onnxFolder(MODEL, "wasm");
  await using _ = folder;
  const runtime = "node_modules/onnxruntime-node";
  await folder.write(`${runtime}/package.json`, { version: "1.0.0", main: "index.js" });
  await folder.write(`${runtime}/index.js`, "throw new Error('made for another machine')");
  const warnings: unknown[] = [];
  const log: Logger = {
    debug() {},
    info() {},
    warn: (message, fields) => warnings.push(message, fields),
    error() {},
  };
  const ctx = { deviceId: -1, log } as never;
  const model = await (await onnxPlugin(file)).load(ctx);
  expect(warnings).toEqual([
    "onnxruntime-node does not load here: the slower wasm serves",
    { why: "made for another machine" },
  ]);
  await model.close?.();
  const onGpu = (await onnxPlugin(file)).load({ deviceId: 0, log } as never);
  expect(await thrownBy(onGpu)).toMatchObject({
    code: "plugin.invalid",
    message: expect.stringContaining("made for another machine"),
  });
});

for (const runtime of ONNX_RUNTIMES) {
  test(`onnxPlugin() finds weights in a file beside the model, or names it (${runtime})`, async () => {
    for (const name of ["model.onnx.data", "model.onnx_data", "model.data", "weights.pb"]) {
      const data = Float32Array.of(1, 2);
      const w = {
        name: "w",
        type: "float32" as const,
        shape: [2, 1],
        data,
        file: name,
      } satisfies OnnxConstant;
      const { folder, file } = await onnxFolder(matrixModelOf(w), runtime);
      await using _ = folder;
      const plugin = await onnxPlugin(file);
      const ctx = { deviceId: -1, log: silentLogger } as PredictContext;
      expect(await thrownBy(plugin.load(ctx))).toMatchObject({
        code: "plugin.invalid",
        message: expect.stringContaining(name),
      });
      await folder.write(name, new Uint8Array(data.buffer));
      const model = await plugin.load(ctx);
      const x = { name: "x", datatype: "FP32", shape: [1, 2], data: bytesOf(data) } as const;
      const [y] = (await model.predictTensors?.([x], 1, ctx)) ?? [];
      expect(y?.data).toEqual(bytesOf(Float32Array.of(5)));
      await model.close?.();
    }
  });
}

for (const runtime of ONNX_RUNTIMES) {
  test(`predictTensors() names an input that is missing, and the run that fails (${runtime})`, async () => {
    await using loaded = await loadOnnx(MODEL, { runtime });
    expect(await thrownBy(loaded.predict({}, 1))).toMatchObject({
      code: "usage.invalid-input",
      message: 'Cannot use input: "x": it is missing',
    });
    expect(await thrownBy(loaded.predict({ x: new Float32Array(3) }, 1))).toMatchObject({
      code: "task.failed",
      message: expect.stringMatching(/^Cannot run the model: Got invalid dimensions[^]*\S$/),
    });
    const { y } = await loaded.predict({ x: Float32Array.of(1, 1) }, 1);
    expect(y).toEqual({ shape: [1, 1], data: Float32Array.of(3) });
  });
}

test("predictTensors() refuses axes of one name and different sizes, with the path", async () => {
  await using loaded = await loadOnnx(
    onnxModel({
      inputs: [
        { name: "ids", type: "float32", shape: ["batch", "seq"] },
        { name: "mask", type: "float32", shape: ["batch", "seq"] },
      ],
      outputs: [{ name: "y", type: "float32", shape: ["batch", "seq"] }],
      nodes: [{ op: "Mul", inputs: ["ids", "mask"], outputs: ["y"] }],
    }),
  );
  const ids = Float32Array.of(1, 2, 3, 4);
  expect((await loaded.predict({ ids, mask: ids }, 2))["y"]?.shape).toEqual([2, 2]);
  expect(await thrownBy(loaded.predict({ ids, mask: Float32Array.of(1, 1) }, 2))).toMatchObject({
    code: "usage.invalid-input",
    message: 'Cannot use input: "mask": "seq" is 1 here, and 2 in "ids"',
  });
});

function matrixModelOf(w: OnnxConstant): Uint8Array {
  return onnxModel({
    inputs: [{ name: "x", type: "float32", shape: ["n", 2] }],
    outputs: [{ name: "y", type: "float32", shape: ["n", 1] }],
    nodes: [{ op: "MatMul", inputs: ["x", w.name], outputs: ["y"] }],
    constants: [w],
  });
}
