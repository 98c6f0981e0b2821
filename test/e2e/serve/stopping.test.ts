import { expect, test } from "bun:test";
import { Client } from "../../../src/serve/client/client.ts";
import { spawnDing } from "../../support/ding.ts";
import { startServe } from "../../support/serve.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

/** Holds every item until the file "go" is there; tells of each that has begun. */
const MODEL = `import { appendFileSync, existsSync } from "node:fs";
import { defineModel } from "ding";
const gate = async () => {
  while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 10));
};
export default defineModel({
  async predict(_model, inputs) {
    for (const input of inputs) appendFileSync("begun", input + "\\n");
    await gate();
    return inputs;
  },
  async *generate(_model, input) {
    yield "first";
    await gate();
    yield input;
  },
  close: () => appendFileSync("closed", "x"),
});
`;

interface Answer {
  status: number;
  text: string;
}

async function ask(url: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

async function queued(url: string): Promise<number | undefined> {
  const { models } = JSON.parse((await ask(url, "/status")).text) as {
    models: { queuedRequests: number }[];
  };
  return models[0]?.queuedRequests;
}

test("SIGTERM: readiness turns false, what is new gets 503, what is here is answered, then exit 0", async () => {
  await using folder = await tempFolder();
  await folder.write("model.ts", MODEL);
  const words = ["model.ts", "--workers=3", "--batch-size=1"];
  await using server = await startServe(words, { cwd: folder.path });
  const { url } = server;
  await using client = new Client({ ip: server.address });
  const stream = fetch(`${url}/v2/models/model/generate_stream`, {
    method: "POST",
    body: '{"say":"last"}',
  });
  const pieces = (await stream).body?.getReader();
  const first = new TextDecoder().decode((await pieces?.read())?.value as Uint8Array);
  expect(first).toContain("first");
  // Two at work, the rest in the queue; over each of the faces.
  const native = [client.encode(1), client.encode(2)];
  const json = [3, 4].map((input) => ask(url, "/predict", { input }));
  const ancestor = ask(url, "/encode_json", 5);
  const item = { name: "input", shape: [1], datatype: "BYTES", data: ["6"] };
  const oip = ask(url, "/v2/models/model/infer", { inputs: [item] });
  const isHere = async (): Promise<boolean> => {
    const begun = await Bun.file(folder.file("begun")).text();
    return begun.trim().split("\n").length === 2 && (await queued(url)) === 4;
  };
  await until(isHere, { timeoutMs: 20_000, what: "two begun and four queued" });
  server.kill("SIGTERM");
  await until(async () => (await ask(url, "/health/ready")).status === 503, {
    timeoutMs: 20_000,
    what: "not ready",
  });
  expect((await ask(url, "/v2/health/ready")).status).toBe(503);
  expect((await ask(url, "/health/live")).status).toBe(200);
  const late = await ask(url, "/predict", { input: 7 });
  expect(late).toEqual({ status: 503, text: expect.stringContaining("stopping") as string });
  expect((await ask(url, "/encode_json", 8)).text).toContain("stopping");
  expect((await ask(url, "/v2/models/model/infer", { inputs: [item] })).status).toBe(503);
  expect((await ask(url, "/v2/models/model/generate_stream", {})).status).toBe(503);
  expect(server.hasExited).toBe(false);
  await folder.write("go", "");
  expect(await Promise.all(native)).toEqual([1, 2]);
  expect((await Promise.all(json)).map(({ text }) => text)).toEqual([
    '{"output":3}',
    '{"output":4}',
  ]);
  expect(JSON.parse((await ancestor).text)).toMatchObject({ error_code: 0, data: 5 });
  expect((await oip).status).toBe(200);
  let rest = "";
  for (let piece = await pieces?.read(); piece && !piece.done; piece = await pieces?.read()) {
    rest += new TextDecoder().decode(piece.value as Uint8Array);
  }
  expect(rest).toContain("last");
  await client.close();
  const { code, stderr } = await server.waitForExit(20_000);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('"error"')]);
  expect(await Bun.file(folder.file("closed")).text()).toBe("xxx");
  const begun = (await Bun.file(folder.file("begun")).text()).trim().split("\n");
  expect(begun.toSorted()).toEqual(["1", "2", "3", "4", "5", "6"]);
});

test("what is not done within --drain-timeout-ms is answered with 503, and the server ends", async () => {
  await using folder = await tempFolder();
  await folder.write("model.ts", MODEL);
  const words = ["model.ts", "--batch-size=1", "--drain-timeout-ms=300"];
  await using server = await startServe(words, { cwd: folder.path });
  const asked = [1, 2, 3].map((input) => ask(server.url, "/predict", { input }));
  await until(async () => (await queued(server.url)) === 2, { timeoutMs: 20_000 });
  const { code } = await server.stop("SIGTERM", 20_000);
  const answers = await Promise.all(asked);
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
  expect(code).toBe(0);
});

test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)("a second %s leaves at once with %i, and no worker stays", async (signal, code) => {
  await using folder = await tempFolder();
  await folder.write("model.ts", MODEL);
  await using server = await startServe(["model.ts"], { cwd: folder.path });
  const asked = ask(server.url, "/predict", { input: 1 }).catch(() => "gone");
  await until(() => Bun.file(folder.file("begun")).exists(), { timeoutMs: 20_000 });
  server.kill(signal);
  await until(async () => (await ask(server.url, "/health/ready")).status === 503, {
    timeoutMs: 20_000,
  });
  expect((await server.insist(signal, 20_000)).code).toBe(code);
  expect(await asked).toBe("gone");
});

test("SIGTERM while the model is loading ends the server, also one that would never be loaded", async () => {
  await using folder = await tempFolder();
  const model = await folder.write(
    "model.ts",
    `console.error("begins to load");
export default { load: () => new Promise(() => {}), predict: (_: unknown, inputs: unknown[]) => inputs };`,
  );
  const args = ["serve", model, "--port", "0", "--workers", "2"];
  await using server = spawnDing(args, { runtime: "binary" });
  await until(() => server.stderr.includes("begins to load"), { timeoutMs: 20_000 });
  const { code, stderr } = await server.stop("SIGTERM", 20_000);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("ready on")]);
});
