import { existsSync } from "node:fs";
import { expect, test } from "bun:test";
import { ding, spawnDing } from "../../support/ding.ts";
import { infer } from "../../support/infer.ts";
import { matrixModel } from "../../support/onnx-model.ts";
import { predict, startServe } from "../../support/serve.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

/** A model that answers with its own name. */
const saying = (name: string): string =>
  `export default (inputs: unknown[]) => inputs.map(() => "${name}");\n`;
const WITHOUT_PLUGIN = ["serve", "--workers", "2", "--device-map", "-1"];

test("ding serve --workers 2 --device-map -1 without a plugin takes the configuration's, else ./server.ts, ./model.ts, ./model.onnx, else says what to do", async () => {
  await using folder = await tempFolder();
  const cwd = folder.path;
  const servedHere = async (): Promise<string> => {
    await using server = spawnDing([...WITHOUT_PLUGIN, "--port", "0"], { runtime: "binary", cwd });
    const { line, url } = await server.ready(30_000);
    expect(line).toContain(" workers=2 ");
    const name = / models=(\S+)/.exec(line)?.[1] ?? "";
    const x = { name: "x", shape: [1, 2], datatype: "FP32", data: [1, 2] };
    const isOnnx = !existsSync(folder.file("model.ts"));
    const { output } = isOnnx
      ? { output: (await infer(url, name, [x]))["y"]?.data }
      : (await predict(url, 0)).body;
    return `${name}: ${JSON.stringify(output)}`;
  };
  const result = await ding([...WITHOUT_PLUGIN, "--port", "0"], { runtime: "binary", cwd });
  expect([result.code, result.stdout]).toEqual([2, ""]);
  expect(result.stderr).toBe(
    `ding: Cannot serve: no model is named, and none is here
Name one: ding serve ./model.ts, or put a server.ts, model.ts or model.onnx into this folder.
`,
  );
  await folder.write(
    "model.onnx",
    matrixModel([
      [2, 0],
      [0, 3],
    ]),
  );
  expect(await servedHere()).toBe("model: [2,6]");
  await folder.write("model.ts", saying("model.ts"));
  expect(await servedHere()).toBe('model: "model.ts"');
  await folder.write("server.ts", saying("server.ts"));
  expect(await servedHere()).toBe('server: "server.ts"');
  await folder.write("other.ts", saying("other.ts"));
  await folder.write("ding.config.json", { serve: { plugin: ["mine=./other.ts"] } });
  expect(await servedHere()).toBe('mine: "other.ts"');
});

test("a port that is in use: exit code 1 with the port, and no worker stays behind", async () => {
  await using folder = await tempFolder();
  const model = await folder.write("model.ts", saying("x"));
  await using first = await startServe([model]);
  const second = await ding(["serve", model, "--port", String(first.port)], { runtime: "binary" });
  expect([second.code, second.stdout]).toEqual([1, ""]);
  expect(second.stderr).toContain(`Cannot listen on 127.0.0.1:${first.port}`);
  expect((await predict(first.url, 1)).body).toEqual({ output: "x" });
});

test("the ready line comes after the warm-up of every worker; until then it lives and is not ready", async () => {
  await using folder = await tempFolder();
  const model = await folder.write(
    "model.ts",
    `import { defineModel } from "ding";
import { existsSync, writeFileSync } from "node:fs";
export default defineModel({
  predict: (_model, inputs) => inputs,
  async warmup(_model, ctx) {
    while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 10));
    writeFileSync(\`warm-\${ctx.workerId}\`, "");
  },
});`,
  );
  const args = ["serve", model, "--workers", "2", "--port", "0", "--log-level", "debug"];
  await using server = spawnDing(args, { runtime: "binary", cwd: folder.path });
  const address = await until(() => /listening on ([\d.:]+)[^\d.:]/.exec(server.stderr)?.[1], {
    what: () => `where it listens: ${server.stderr}`,
  });
  const url = `http://${address}`;
  const statusOf = async (path: string, method = "GET"): Promise<number> =>
    (await fetch(`${url}${path}`, { method, ...(method === "POST" && { body: '{"input":1}' }) }))
      .status;
  const looks = async (): Promise<number[]> => [
    await statusOf("/health/live"),
    await statusOf("/v2/health/live"),
    await statusOf("/health/ready"),
    await statusOf("/v2/health/ready"),
    await statusOf("/v2/models/model/ready"),
    await statusOf("/predict", "POST"),
  ];
  expect(await looks()).toEqual([200, 200, 503, 503, 503, 503]);
  expect(server.stderr).not.toContain("ready on");
  await folder.write("go", "");
  await server.ready(20_000);
  expect(existsSync(folder.file("warm-w0")) && existsSync(folder.file("warm-w1"))).toBe(true);
  expect(await looks()).toEqual([200, 200, 200, 200, 200, 200]);
  expect((await server.stop()).code).toBe(0);
});

test("with --json stdout holds the ready line and nothing else, whatever a plugin prints in its worker and in its routes", async () => {
  await using folder = await tempFolder();
  const model = await folder.write(
    "my modèl.ts",
    `import { defineModel } from "ding";
console.log("as it is imported");
export default defineModel({
  predict(_model, inputs) {
    process.stdout.write("in predict\\n");
    return inputs;
  },
  routes(app) {
    app.get("/mine", (context) => {
      console.log("in a route");
      process.stdout.write("and again\\n");
      return context.json("mine");
    });
  },
});`,
  );
  const words = ["serve", model, "--port", "0", "--json"];
  await using server = spawnDing(words, { runtime: "binary" });
  const { url, facts } = await server.ready(30_000);
  expect(facts).toMatchObject({ ready: true, role: "serve", models: "my_mod_l", workers: 1 });
  expect((await predict(url, 1)).body).toEqual({ output: 1 });
  expect(await (await fetch(`${url}/mine`)).json()).toBe("mine");
  const { code, stdout, stderr } = await server.stop();
  expect([code, stdout.trim().split("\n").length]).toEqual([0, 1]);
  for (const text of ["as it is imported", "in predict", "in a route", "and again"]) {
    expect(stderr).toContain(text);
  }
});
