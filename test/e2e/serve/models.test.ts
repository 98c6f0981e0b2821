import { appendFile, mkdir, rename, rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { infer } from "../../support/infer.ts";
import { matrixModel } from "../../support/onnx-model.ts";
import { predict, startServe, type StartedServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

/** A model that answers with these words and its own name and version. */
const saying = (words: string): string =>
  `export default (inputs: unknown[], ctx: { name: string; version: string }) =>
  inputs.map(() => "${words}: " + ctx.name + "@" + ctx.version);\n`;

let folder: TempFolder;
let server: StartedServe;

beforeAll(async () => {
  folder = await tempFolder();
  await folder.write("a.ts", saying("a"));
  await folder.write(
    "b.onnx",
    matrixModel([
      [2, 0],
      [0, 3],
    ]),
  );
  await folder.write("c.ts", saying("c"));
  await folder.write("models/plain.ts", saying("plain"));
  await folder.write(
    "models/flat.onnx",
    matrixModel([
      [1, 0],
      [0, 1],
    ]),
  );
  await folder.write("models/many/1/model.ts", saying("first"));
  await folder.write("models/many/10/model.ts", saying("tenth"));
  await folder.write("models/many/2/model.ts", saying("second"));
  await folder.write("models/alone/model.ts", saying("alone"));
  await folder.write("models/README.md", "no model");
  await mkdir(folder.file("models/empty"));
  const words = ["--plugin", "name=./a.ts", "--plugin", "other=./b.onnx", "-p", "name@2=./c.ts"];
  const more = ["c.ts", "--repository", "./models", "--watch"];
  server = await startServe([...words, ...more], { cwd: folder.path });
});

afterAll(async () => {
  expect((await server.stop()).code).toBe(0);
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function say(model: string): Promise<unknown> {
  const { status, body } = await predict(server.url, 0, { model });
  return status === 200 ? body["output"] : status;
}

interface Entry {
  name: string;
  version: string;
  state: string;
}

async function post(path: string, body?: object): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: "POST",
    ...(body && { body: JSON.stringify(body) }),
  });
}

async function index(): Promise<string[]> {
  const entries = (await (await post("/v2/repository/index")).json()) as Entry[];
  return entries.map(({ name, version, state }) => `${name}@${version} ${state}`).toSorted();
}

test("--plugin NAME=FILE, NAME@2=FILE and --repository are all served, each by its name and version", async () => {
  expect(server.facts["models"]).toBe("name,name@2,other,c,alone,flat,many,many@2,many@10,plain");
  const names = ["name", "name@1", "name@2", "c", "plain", "alone", "many", "many@2", "many@1"];
  expect(await Promise.all(names.map(say))).toEqual([
    "c: name@2",
    "a: name@1",
    "c: name@2",
    "c: c@1",
    "plain: plain@1",
    "alone: alone@1",
    "tenth: many@10",
    "second: many@2",
    "first: many@1",
  ]);
  const x = { name: "x", shape: [1, 2], datatype: "FP32", data: [1, 2] };
  expect((await infer(server.url, "other", [x]))["y"]?.data).toEqual([2, 6]);
  expect((await infer(server.url, "flat/versions/1", [x]))["y"]?.data).toEqual([1, 2]);
  const item = { name: "input", shape: [1], datatype: "BYTES", data: ["0"] };
  const { output } = await infer(server.url, "many/versions/2", [item]);
  expect(output?.data).toEqual(['"second: many@2"']);
  const { versions } = (await (await fetch(`${server.url}/v2/models/many`)).json()) as {
    versions: string[];
  };
  expect(versions.toSorted()).toEqual(["1", "10", "2"]);
});

test("what is not there is 404 and says what is; without a name it is 400 where there are several", async () => {
  const missing = await predict(server.url, 0, { model: "plian" });
  expect([missing.status, JSON.stringify(missing.body)]).toEqual([
    404,
    expect.stringContaining('Did you mean \\"plain\\"?'),
  ]);
  const version = await predict(server.url, 0, { model: "name@7" });
  expect([version.status, JSON.stringify(version.body)]).toEqual([
    404,
    expect.stringContaining("There are 1, 2."),
  ]);
  expect((await predict(server.url, 0)).status).toBe(400);
  for (const path of ["/v2/models/none/infer", "/v2/models/name/versions/7/infer"]) {
    expect((await post(path, { inputs: [] })).status).toBe(404);
  }
});

/** The file's model says so, once it has been loaded again. */
async function rewrite(file: string, model: string, words: string): Promise<void> {
  await folder.write(file, saying(words));
  await until(async () => (await say(model)) === `${words}: ${model}@1`, {
    timeoutMs: 20_000,
    what: `${file} that was changed`,
  });
}

test("a version that is taken out of the folder goes with the next load, and one may be of another form", async () => {
  await folder.write("models/turn/1/model.ts", saying("one"));
  await folder.write("models/turn/2/model.ts", saying("two"));
  expect((await post("/v2/repository/models/turn/load")).status).toBe(200);
  await rm(folder.file("models/turn/2"), { recursive: true });
  await rename(folder.file("models/turn/1/model.ts"), folder.file("models/turn/1/model.mts"));
  expect((await post("/v2/repository/models/turn/load")).status).toBe(200);
  expect([await say("turn"), await say("turn@2")]).toEqual(["one: turn@1", 404]);
  expect((await index()).filter((entry) => entry.startsWith("turn"))).toEqual(["turn@1 READY"]);
  // Where nothing of a model is left, what serves goes on.
  await rm(folder.file("models/turn"), { recursive: true });
  expect((await post("/v2/repository/models/turn/load")).status).toBe(500);
  expect(await say("turn")).toBe("one: turn@1");
  expect((await post("/v2/repository/models/turn/unload")).status).toBe(200);
});

test("a model that is put into the folder later is listed, loaded on demand, watched, and unloaded", async () => {
  await folder.write("models/late/1/model.ts", saying("late"));
  expect(await index()).toContain("late@1 UNAVAILABLE");
  expect(await say("late")).toBe(503);
  expect((await post("/v2/repository/models/late/load")).status).toBe(200);
  expect(await say("late")).toBe("late: late@1");
  await rewrite("models/late/1/model.ts", "late", "later");
  // Another folder in its place, as a deployment does it.
  await folder.write("next/1/model.ts", saying("next"));
  await rename(folder.file("models/late"), folder.file("models/.old"));
  await rename(folder.file("next"), folder.file("models/late"));
  expect((await post("/v2/repository/models/late/load")).status).toBe(200);
  expect(await say("late")).toBe("next: late@1");
  await rewrite("models/late/1/model.ts", "late", "latest");
});

test("a model that was unloaded stays so when its file changes", async () => {
  expect((await post("/v2/repository/models/alone/unload")).status).toBe(200);
  expect(await say("alone")).toBe(503);
  await folder.write("models/alone/model.ts", saying("changed"));
  await rewrite("models/plain.ts", "plain", "plainer");
  expect(await index()).toContain("alone@1 UNAVAILABLE");
  expect((await post("/v2/repository/models/alone/load")).status).toBe(200);
  expect(await say("alone")).toBe("changed: alone@1");
});

test("SIGHUP loads the whole folder again, and what came into it", async () => {
  await folder.write("models/newcomer.ts", saying("newcomer"));
  await folder.write("models/many/11/model.ts", saying("eleventh"));
  server.kill("SIGHUP");
  await until(async () => (await say("newcomer")) === "newcomer: newcomer@1", {
    timeoutMs: 20_000,
    what: "the newcomer",
  });
  await until(async () => (await say("many")) === "eleventh: many@11", {
    timeoutMs: 20_000,
    what: "the new version",
  });
  await rename(folder.file("models"), folder.file("away"));
  server.kill("SIGHUP");
  await until(() => server.stderr.includes("the repository is left as it is known"), {
    timeoutMs: 20_000,
    what: () => `a warning: ${server.stderr}`,
  });
  expect(await say("plain")).toBe("plainer: plain@1");
  await rename(folder.file("away"), folder.file("models"));
});

test("the repository API refuses what is not there, and a load that fails says why and keeps the old", async () => {
  expect((await post("/v2/repository/models/nobody/load")).status).toBe(404);
  expect((await post("/v2/repository/models/nobody/unload")).status).toBe(404);
  await folder.write("models/frail.ts", saying("frail"));
  expect((await post("/v2/repository/models/frail/load")).status).toBe(200);
  await appendFile(folder.file("models/frail.ts"), "\nthrow new Error('no such weights');\n");
  const failed = await post("/v2/repository/models/frail/load");
  expect(failed.status).toBeGreaterThanOrEqual(400);
  expect(await failed.text()).toContain("no such weights");
  expect(await say("frail")).toBe("frail: frail@1");
  expect(await index()).toContain("frail@1 READY");
  await rm(folder.file("models/frail.ts"));
});
