import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { DingError } from "../../../../src/core/errors.ts";
import { createSharedMemory } from "../../../../src/serve/shared-memory.ts";
import {
  plainResults,
  startModelWorker,
  valuesOf,
  type StartOptions,
} from "../../../support/model-worker.ts";
import { until } from "../../../support/until.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

async function loadError(options: StartOptions): Promise<DingError> {
  await using worker = startModelWorker(options);
  return await worker.loaded.then(
    () => Promise.reject(new Error("it was loaded")),
    (thrown: unknown) => thrown as DingError,
  );
}

test("the device is set before anything of the plugin is imported", async () => {
  await using folder = await tempFolder();
  await folder.write("lib.ts", "export const seen = process.env.CUDA_VISIBLE_DEVICES;");
  const plugin = await folder.write(
    "model.ts",
    `import { seen } from "./lib.ts";
    import { onnxProviders } from "ding";
    export default (inputs, ctx) => inputs.map(() => [seen, ctx.device, ctx.deviceId, onnxProviders(ctx)]);`,
  );
  const env = { CUDA_VISIBLE_DEVICES: "5" };
  for (const [device, told, seen] of [
    [-1, "cpu", ["", "cpu", -1, ["cpu"]]],
    [3, "cuda:0 (GPU 3 of this machine)", ["3", "cuda:0", 0, [{ name: "cuda", deviceId: 0 }]]],
  ] as const) {
    await using worker = startModelWorker({ plugin, device, env });
    expect((await worker.loaded).device).toBe(told);
    expect(plainResults(await worker.infer([valuesOf(1)]))).toEqual([[seen as never]]);
  }
});

test("the report says what the model takes and gives", async () => {
  await using folder = await tempFolder();
  const tensors = await folder.write(
    "tensors.ts",
    `import { defineModel } from "ding";
    export default defineModel({
      input: { x: { datatype: "FP32", shape: [4, 2] } },
      output: { y: { datatype: "FP32", shape: [-1, 1] } },
      async *generate(_model, { x }) { yield { y: [x[0]] }; },
      predict: (_model, inputs) => inputs.map(({ x }) => ({ y: [x[0]] })),
    });`,
  );
  await using worker = startModelWorker({ plugin: tensors });
  const { loadMs, ...report } = await worker.loaded;
  expect(loadMs).toBeGreaterThan(0);
  expect(report).toMatchObject({
    platform: "ding_plugin",
    input: { x: { datatype: "FP32", shape: [-1, 2] } },
    output: { y: { datatype: "FP32", shape: [-1, 1] } },
    inputSchema: undefined,
    outputSchema: undefined,
    streams: true,
    maxBatchSize: 4,
    device: "cpu",
    sharesMemory: false,
  });
  const schemas = await folder.write(
    "schemas.ts",
    `import { z } from "zod";
    import { defineModel } from "ding";
    export default defineModel({
      input: z.object({ text: z.string().min(1) }),
      output: z.number().int(),
      predict: (_model, inputs) => inputs.map(({ text }) => text.length / (text === "half" ? 8 : 1)),
    });`,
  );
  await using checked = startModelWorker({ plugin: schemas });
  const { inputSchema, outputSchema } = await checked.loaded;
  expect(inputSchema).toMatchObject(
    z.toJSONSchema(z.object({ text: z.string().min(1) }), { io: "input" }),
  );
  expect(outputSchema).toMatchObject({ type: "integer" });
  const answer = await checked.infer([
    valuesOf({ text: "four" }),
    valuesOf({ text: 4 }),
    valuesOf({ text: "a" }, {}),
    valuesOf({ text: "half" }),
  ]);
  const [good, wrong, missing, odd] = plainResults(answer);
  expect(good).toEqual([4]);
  expect(wrong).toBe(
    'usage.invalid-input: Cannot use input: "text": Invalid input: expected string, received number',
  );
  expect(missing).toStartWith('usage.invalid-input: Cannot use input: "text": Invalid input');
  expect(odd).toStartWith("task.invalid-result: Cannot use output: Invalid input");
});

test("warm-up runs before the model is ready: zeros, one item, a list, or a function", async () => {
  await using folder = await tempFolder();
  const model = (warmup: string): Promise<string> =>
    folder.write(
      `warm-${warmup.length}.ts`,
      `let seen = [];
      export default {
        input: { x: { datatype: "FP32", shape: [-1, 2] } },
        load: () => "the model",
        warmup: ${warmup},
        predict: (_model, inputs) => {
          seen.push(inputs.map(({ x }) => x.join()).join(" "));
          return inputs.map(() => seen);
        },
      };`,
    );
  for (const [warmup, seen] of [
    ["undefined", []],
    ["true", ["0,0", "0,0 0,0 0,0"]],
    ["{ x: [1, 2] }", ["1,2", "1,2 1,2 1,2"]],
    ["[[1, 1], [2, 2], [3, 3], [4, 4]]", ["1,1", "1,1 2,2 3,3", "4,4"]],
    ["async (model, ctx) => { if (model !== 'the model' || ctx.device !== 'cpu') throw 1; }", []],
    ["() => ({ x: [7, 7] })", ["7,7", "7,7 7,7 7,7"]],
  ] as const) {
    await using worker = startModelWorker({ plugin: await model(warmup), batchSize: 3 });
    await worker.loaded;
    expect(plainResults(await worker.infer([valuesOf([5, 5])]))).toEqual([[[...seen, "5,5"]]]);
  }
});

test("a model that does not load says what failed, and where", async () => {
  await using folder = await tempFolder();
  const fails = await folder.write(
    "fails.ts",
    `export default {\n  load() { throw new Error("no weights"); },\n  predict: (_m, inputs) => inputs,\n};`,
  );
  const error = await loadError({ plugin: fails });
  expect([error.code, error.message]).toEqual([
    "plugin.invalid",
    'Cannot load model "model": no weights',
  ]);
  expect(error.details).toMatchObject({
    path: fails,
    file: fails,
    line: 2,
    lineText: '  load() { throw new Error("no weights"); },',
  });
  const last = await folder.write(
    "last.ts",
    `import { readFileSync } from "node:fs";\nexport default { load: () => readFileSync("/no/weights"), predict: (_m, i) => i };`,
  );
  expect((await loadError({ plugin: last })).details).toMatchObject({ path: last, file: last });
  const built = await folder.write(
    "built.ts",
    "export class Worker {\n  constructor() { null.x; }\n  predict(_m, inputs) { return inputs; }\n}",
  );
  expect((await loadError({ plugin: built })).details).toMatchObject({ file: built, line: 2 });
  const syntax = await folder.write("syntax.ts", "export default {\n  predict( => 1\n};");
  expect((await loadError({ plugin: syntax })).details).toMatchObject({ file: syntax, line: 2 });
  const cold = await folder.write(
    "cold.ts",
    "export default { warmup: [1], predict() { throw new Error('too cold'); } };",
  );
  expect((await loadError({ plugin: cold })).message).toBe(
    'Cannot load model "model": its warm-up failed: too cold',
  );
  const open = await folder.write(
    "open.ts",
    "export default { input: { x: { datatype: 'FP32', shape: [-1, -1] } }, warmup: true, predict: (_m, i) => i };",
  );
  expect((await loadError({ plugin: open })).message).toBe(
    'Cannot load model "model": its warm-up failed: Cannot use input: "x": shape [-1, -1] does not say its size',
  );
  expect((await loadError({ plugin: folder.file("none.ts") })).code).toBe("plugin.not-found");
  expect((await loadError({ plugin: folder.file("none.onnx") })).code).toBe("plugin.not-found");
  const empty = await folder.write("empty.ts", "export const a = 1;");
  expect((await loadError({ plugin: empty, exportName: "Worker" })).message).toBe(
    `Cannot use plugin "${empty}": it has no model named "Worker", it exports a`,
  );
});

test("close() of the model runs when the worker stops in order, and its temporary folder is made when it is asked for", async () => {
  await using folder = await tempFolder();
  const told = folder.file("told.txt");
  const plugin = await folder.write(
    "closing.ts",
    `import { writeFileSync } from "node:fs";
    import { join } from "node:path";
    export default {
      load: (ctx) => join(ctx.tmpDir, "note.txt"),
      predict: (file, inputs) => { writeFileSync(file, "n"); return inputs; },
      async close(file) { await 0; writeFileSync(${JSON.stringify(told)}, file); throw new Error("stuck"); },
    };`,
  );
  const worker = startModelWorker({ plugin, tmpDir: folder.file("deep/tmp") });
  await worker.loaded;
  expect(plainResults(await worker.infer([valuesOf(1)]))).toEqual([[1]]);
  await worker[Symbol.asyncDispose]();
  expect(await readFile(told, "utf8")).toBe(folder.file("deep/tmp/note.txt"));
  expect(await worker.process.gone).toEqual({ code: 0, signal: null });
  await until(() => worker.output().includes("the model does not close: stuck"), {
    what: "word of what close() threw",
    timeoutMs: 30_000,
  });
});

test("a worker that cannot open the shared memory says so, and works without", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("echo.ts", "export default (inputs) => inputs;");
  const memory = createSharedMemory({ workers: 1 });
  await using worker = startModelWorker({ plugin, memory });
  // Before the worker has been able to open it.
  memory?.[Symbol.dispose]();
  expect((await worker.loaded).sharesMemory).toBe(false);
  const large = new Uint8Array(100_000).fill(3);
  expect(plainResults(await worker.infer([valuesOf(large)]))).toEqual([[large]]);
});

test("every line that a worker logs says whose it is", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write(
    "talks.ts",
    `export default {
      load: (ctx) => ctx.log.warn("loading"),
      predict(_model, inputs, ctx) { ctx.log.warn("running", { items: inputs.length }); return inputs; },
    };`,
  );
  await using worker = startModelWorker({ plugin, name: "talks" });
  await worker.loaded;
  await worker.infer([valuesOf(1)]);
  await until(() => worker.output().includes("running"), { what: "the second line" });
  const lines = worker.output().trim().split("\n");
  const whose = { level: "warn", model: "talks", worker: "w0" };
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { message: "loading", ...whose },
    { message: "running", items: 1, ...whose },
  ]);
});

test.each([
  ["an error", 'setTimeout(() => { throw new Error("late weights"); }, 5);'],
  ["a rejection", '(async () => { await 0; throw new Error("late weights"); })();'],
])(
  "%s that nobody waits for while the model loads is why it does not load",
  async (_what, code) => {
    await using folder = await tempFolder();
    const late = await folder.write(
      "late.ts",
      `export default {\n  load() {\n    ${code}\n    return new Promise(() => {});\n  },\n  predict: (_m, i) => i,\n};`,
    );
    const error = await loadError({ plugin: late });
    expect([error.code, error.message]).toEqual([
      "plugin.invalid",
      'Cannot load model "model": late weights',
    ]);
    expect(error.details).toMatchObject({ path: late, file: late, line: 3 });
  },
);

test("an error that nobody waits for ends a worker, and is an error of its log, with the stack", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write(
    "stray.ts",
    `export default (inputs) => {\n  setTimeout(() => { throw new Error("gone astray"); }, 0);\n  return new Promise(() => inputs);\n};`,
  );
  const worker = startModelWorker({ plugin });
  await worker.loaded;
  const lost = await worker.infer([valuesOf([1])]).catch((thrown: unknown) => thrown);
  expect(lost).toBeInstanceOf(Error);
  expect(await worker.process.gone).toEqual({ code: 1, signal: null });
  // A process may be gone before what it printed has been read.
  const lines = (): string[] => worker.output().split("\n");
  const line = await until(() => lines().find((one) => one.includes("gone astray")), {
    what: "its last words",
  });
  expect(JSON.parse(line)).toMatchObject({
    level: "error",
    message: "the worker ends: gone astray",
    model: "model",
    worker: "w0",
    stack: expect.stringContaining("stray.ts:2"),
  });
  await worker[Symbol.asyncDispose]();
});

test("a plugin that listens for errors that nobody waits for goes on", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write(
    "listening.ts",
    `const seen = [];
    process.on("unhandledRejection", (error) => seen.push(error.message));
    export default async (inputs) => {
      Promise.reject(new Error("heard"));
      await new Promise((resolve) => setTimeout(resolve, 0));
      return inputs.map(() => seen);
    };`,
  );
  await using worker = startModelWorker({ plugin });
  await worker.loaded;
  expect(plainResults(await worker.infer([valuesOf([1])]))).toEqual([[["heard"]]]);
});
