import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { infer } from "../../support/infer.ts";
import { predict, startServe, type StartedServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

/** The ancestor's steps, all of them; each writes down that it ran, where, and with what. */
const STEPS = `import { HardWorker } from "ding";
import { appendFileSync } from "node:fs";
const note = (step: string, ...facts: unknown[]) =>
  appendFileSync("steps.ledger", JSON.stringify([step, process.pid, process.env.CUDA_VISIBLE_DEVICES, ...facts]) + "\\n");
note("import");
export class Worker extends HardWorker {
  async getEnv(deviceId: number, tmpDir: string, ctx: any) {
    note("getEnv", deviceId, tmpDir, ctx.device);
    return ["an env"];
  }
  getPreprocess(envs: any) {
    note("getPreprocess", envs);
    return (batch: any) => ({ rows: batch.rows.map((row: number) => row + 1) });
  }
  getPostprocess(envs: any) {
    note("getPostprocess", envs);
    return (outputs: any) => outputs.map((output: number) => ({ output }));
  }
  async getModel(envs: any, modelDir: string, modelName: string, tmpDir: string, ctx: any) {
    note("getModel", envs, modelDir, modelName, tmpDir, ctx.device);
    this.recordStatistic({ loaded: 1 });
    return { weight: 10 };
  }
  batching(items: number[]) {
    return { rows: items };
  }
  predict(model: any, batch: any, ctx: any) {
    this.newLogger().info("predicts", { rows: batch.rows.length });
    this.newLogger().error("is not well");
    this.recordStatistic({ tokens: batch.rows.length * 100 });
    ctx.recordStatistic({ others: 7 });
    return batch.rows.map((row: number) => row * model.weight);
  }
  async close() {
    note("close");
  }
}
`;
/** As people wrote it in Python. */
const SNAKES = `export const Worker = {
  get_env: (device_id: number, tmp_dir: string) => [device_id],
  get_model: (envs: any, model_dir: string, model_name: string) => ({ envs, model_name }),
  predict: (model: any, inputs: any[]) => inputs.map((input) => [input, model]),
};
`;
const TENSORS = `import { defineModel } from "ding";
export default defineModel({
  input: { x: { datatype: "FP32", shape: [-1, 2] }, text: { datatype: "BYTES", shape: [-1, 1], as: "text" } },
  output: { y: { datatype: "FP32", shape: [-1, 1] }, same: { datatype: "BYTES", shape: [-1, 1] } },
  load: (ctx) => ctx.name,
  predict: (name, inputs) => inputs.map(({ x, text }) => {
    if (!(x instanceof Float32Array)) throw new Error("x is no Float32Array");
    return { y: [x[0] * 10 + x[1]], same: [name + ": " + text] };
  }),
  warmup: true,
});
`;
const SCHEMAS = `import { defineModel } from "ding";
import { z } from "zod";
export default defineModel({
  input: z.object({ name: z.string().min(1), age: z.number().int().default(18) }),
  output: z.object({ text: z.string() }),
  async *generate(_model, { name }, ctx) {
    ctx.recordStatistic({ letters: name.length });
    yield { text: name };
  },
  predict: (_model, inputs) => inputs.map(({ name, age }) => ({ text: name + " is " + age })),
});
`;

let folder: TempFolder;
let server: StartedServe;

beforeAll(async () => {
  folder = await tempFolder();
  await folder.write("steps.ts", STEPS);
  await folder.write("snakes.ts", SNAKES);
  await folder.write("tensors.ts", TENSORS);
  await folder.write("schemas.ts", SCHEMAS);
  await folder.write("batch.js", "module.exports = (inputs) => inputs.map((x) => x * 2);");
  const models = ["steps.Worker", "snakes.Worker", "tensors.ts", "schemas.ts", "twice=./batch.js"];
  const words = ["-model_dir", "weights", "-model_name", "w.bin", "-tmp_folder", "scratch"];
  const logs = ["--log-dir", folder.file("logs"), "--log-name=all"];
  server = await startServe([...models, ...words, ...logs], { cwd: folder.path });
}, 60_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function logged(ending: ".log" | ".err"): string {
  const files = readdirSync(folder.file("logs")).filter((name) => name.endsWith(ending));
  return files.map((name) => readFileSync(folder.file(`logs/${name}`), "utf8")).join("");
}

test("the ancestor's steps run in the worker, in their order, with what they are promised", async () => {
  const outputs = await Promise.all(
    [1, 2].map((input) => predict(server.url, input, { model: "steps" })),
  );
  expect(outputs.map(({ body }) => body)).toEqual([
    { output: { output: 20 } },
    { output: { output: 30 } },
  ]);
  const noted = readFileSync(folder.file("steps.ledger"), "utf8").trim().split("\n");
  const steps = noted.map((line) => JSON.parse(line) as unknown[]);
  const [dir, tmp] = [folder.file("weights"), folder.file("weights/scratch")];
  expect(steps.map(([step, , ...rest]) => [step, ...rest])).toEqual([
    ["import", ""],
    ["getEnv", "", -1, tmp, "cpu"],
    ["getPreprocess", "", ["an env"]],
    ["getPostprocess", "", ["an env"]],
    ["getModel", "", ["an env"], dir, "w.bin", tmp, "cpu"],
  ]);
  const pids = new Set(steps.map(([, pid]) => pid));
  expect(pids.size).toBe(1);
  expect(pids.has(server.pid)).toBe(false);
});

test("what recordStatistic is given is in /status/server and /metrics, what newLogger says in .log and .err", async () => {
  await fetch(`${server.url}/v2/models/schemas/generate_stream`, {
    method: "POST",
    body: '{"name":"Ada"}',
  }).then((response) => response.text());
  const status = (await (await fetch(`${server.url}/status/server`)).json()) as {
    statistic: { others: Record<string, unknown> };
  };
  const { others } = status.statistic;
  expect(Object.keys(others)).toEqual(
    expect.arrayContaining([
      "sys_batchsize",
      "sys_predict",
      "loaded",
      "tokens",
      "others",
      "letters",
    ]),
  );
  expect(others["others"]).toMatchObject({ avg_stat: 7, min_stat: 7, max_stat: 7, std_stat: 0 });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(/^ding_serve_statistic\{.*key="tokens".*\} \d+$/m);
  await until(() => logged(".log").includes("predicts") && logged(".err").includes("is not well"), {
    timeoutMs: 20_000,
    what: "the lines of the model",
  });
  expect(logged(".log")).not.toContain("is not well");
});

test("names as Python writes them are read", async () => {
  const { body } = await predict(server.url, "in", { model: "snakes" });
  expect(body).toEqual({ output: ["in", { envs: [-1], model_name: "w.bin" }] });
});

test("signatures make typed arrays of JSON, over each of the faces", async () => {
  const item = { x: [1, 2], text: "é" };
  const same = "tensors: é";
  const y = { y: [12], same: [same] };
  expect((await predict(server.url, item, { model: "tensors" })).body).toEqual({ output: y });
  const post = async (path: string): Promise<unknown> => {
    const response = await fetch(`${server.url}${path}`, {
      method: "POST",
      body: JSON.stringify(item),
    });
    return response.json();
  };
  expect(await post("/encode_json?model=tensors")).toMatchObject({ error_code: 0, data: y });
  expect(await post("/v2/models/tensors/generate")).toMatchObject({ y: 12, same });
  const outputs = await infer(server.url, "tensors", [
    { name: "x", shape: [2, 2], datatype: "FP32", data: [1, 2, 3, 4] },
    { name: "text", shape: [2, 1], datatype: "BYTES", data: ["é", ""] },
  ]);
  expect(outputs).toMatchObject({
    y: { shape: [2, 1], data: [12, 34] },
    same: { shape: [2, 1], data: [same, "tensors: "] },
  });
});

test("zod schemas fill in and refuse, with the path", async () => {
  const told = await predict(server.url, { name: "Ada" }, { model: "schemas" });
  expect(told.body).toEqual({ output: { text: "Ada is 18" } });
  const wrong = await predict(server.url, { name: "", age: 1.5 }, { model: "schemas" });
  expect(wrong.status).toBe(400);
  expect(JSON.stringify(wrong.body)).toContain('"path":"name"');
  expect(JSON.stringify(wrong.body)).toContain('"path":"age"');
  const document = await (await fetch(`${server.url}/openapi.json`)).text();
  expect(document).toContain('"age"');
});

test("a plain function in CommonJS is a model; close() runs as the server ends", async () => {
  expect((await predict(server.url, 21, { model: "twice" })).body).toEqual({ output: 42 });
  expect((await server.stop()).code).toBe(0);
  const [last] = readFileSync(folder.file("steps.ledger"), "utf8").trim().split("\n").slice(-1);
  expect(last).toStartWith('["close"');
});
