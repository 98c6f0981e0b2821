import { afterAll, beforeAll, expect, test } from "bun:test";
import { ding, spawnDing, type ReadyLine, type RunningDing } from "../../support/ding.ts";
import { freePort } from "../../support/free-port.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

/** Does what its items say. */
const PLUGIN = `
export default {
  getEnv() {},
  getModel() { return {}; },
  async predict(model, inputs, ctx) {
    return Promise.all(inputs.map(async (item) => {
      if (item instanceof Uint8Array) return { bytes: item.length };
      if (item?.sleepMs) await new Promise((resolve) => setTimeout(resolve, item.sleepMs));
      if (item === "bad") throw new Error("bad item");
      if (item === "texts") return { texts: ["é", ""].map((one) => Buffer.from(one)), odd: [Uint8Array.of(255)], none: [] };
      return { got: item };
    }));
  },
  async *generate(model, { words = [], hangAfter, throwAfter }) {
    for (const [index, word] of words.entries()) {
      if (index === hangAfter) await new Promise(() => {});
      if (index === throwAfter) throw new Error("out of words");
      yield word;
    }
  },
};
`;

let server: RunningDing & ReadyLine;
let folder: TempFolder;

beforeAll(async () => {
  folder = await tempFolder();
  const plugin = await folder.write("model.ts", PLUGIN);
  const started = spawnDing(["serve", plugin, "--port", "0", "--workers", "4", "--json"], {
    cwd: folder.path,
  });
  server = Object.assign(started, await started.ready(60_000));
}, 90_000);

afterAll(async () => {
  // Some of its workers sleep on for items that nobody waits for any more.
  server.kill();
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
}, 30_000);

function call(words: string[], input?: string): ReturnType<typeof ding> {
  return ding(["serve", "call", ...words], input === undefined ? {} : { input });
}

function linesOf(stdout: string): unknown[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
}

test("serve call --data prints what the model gives, a line for each item in order", async () => {
  const items = [{ x: [1, 2] }, { sleepMs: 200 }, "ü", null, -5];
  const long = "-1234567890123456789";
  const texts = [...items.map((item) => JSON.stringify(item)), long];
  const data = texts.flatMap((text) => ["--data", text]);
  const { code, stdout, stderr } = await call([server.address, ...data]);
  expect(stdout.split("\n")).toEqual([...texts.map((text) => `{"got":${text}}`), ""]);
  expect([code, stderr]).toEqual([0, ""]);
});

test("serve call prints bytes in lists as texts, where they are such", async () => {
  const { stdout } = await call([server.address, "-d", '"texts"']);
  expect(linesOf(stdout)).toEqual([{ texts: ["é", ""], odd: [[255]], none: [] }]);
});

test("serve call --json says index, id and time; an item that fails is exit code 6", async () => {
  const words = [`http://${server.address}`, "--json", "-d", "1", "-d", '"bad"', "-d", "2"];
  const { code, stdout, stderr } = await call(words);
  expect(linesOf(stdout)).toMatchObject([
    { index: 0, id: "1", output: { got: 1 } },
    { index: 1, id: "2", error: { code: "task.failed", message: "bad item" } },
    { index: 2, id: "3", output: { got: 2 } },
  ]);
  expect(code).toBe(6);
  expect(stderr).toContain("Item 2 failed: bad item");
});

test("serve call reads JSON lines, a .json list, images, and writes to --out", async () => {
  const many = Array.from({ length: 3_000 }, (_, index) => index);
  const lines = await folder.write("items.jsonl", `${many.join("\n")}\n\n`);
  const out = folder.file("results.jsonl");
  const written = await call([server.address, "--file", lines, "--out", out, "-c", "16"]);
  expect([written.code, written.stdout]).toEqual([0, ""]);
  expect(linesOf(await Bun.file(out).text())).toEqual(many.map((got) => ({ got })));

  const list = await folder.write("list.json", "[1,\n[2]]");
  const image = await folder.write("a.png", new Uint8Array(1_234));
  const { stdout } = await call([server.address, "--file", list, "--image", image, "--data", "0"]);
  expect(linesOf(stdout)).toEqual([{ got: 0 }, { bytes: 1_234 }, { got: 1 }, { got: [2] }]);
});

test("serve call - answers each line of standard input as it comes", async () => {
  await using calling = spawnDing(["serve", "call", server.address, "-"]);
  calling.write('{"a":1}\n');
  await until(() => calling.stdout === '{"got":{"a":1}}\n', { timeoutMs: 20_000 });
  calling.write("2\n3", { end: true });
  const { code, stdout } = await calling.waitForExit();
  expect([code, linesOf(stdout).slice(1)]).toEqual([0, [{ got: 2 }, { got: 3 }]]);
});

test("serve call --stream prints the pieces of each item as they come, one item after the other", async () => {
  const data = [
    { words: ["a", { b: [1] }, null] },
    { words: [1, 2], throwAfter: 1 },
    { words: ["z"] },
  ];
  const words = [
    server.address,
    "--stream",
    ...data.flatMap((item) => ["-d", JSON.stringify(item)]),
  ];
  const plain = await call(words);
  expect(linesOf(plain.stdout)).toEqual([
    "a",
    { b: [1] },
    null,
    1,
    { error: expect.objectContaining({ code: "task.failed", message: "out of words" }) },
    "z",
  ]);
  expect([plain.code, plain.stderr]).toEqual([6, expect.stringContaining("Item 2 failed")]);
  const { code, stdout } = await call([...words, "--json"]);
  expect(linesOf(stdout)).toEqual([
    { index: 0, id: "1", piece: "a" },
    { index: 0, id: "1", piece: { b: [1] } },
    { index: 0, id: "1", piece: null },
    { index: 0, id: "1", ms: expect.any(Number) },
    { index: 1, id: "2", piece: 1 },
    { index: 1, id: "2", error: expect.any(Object), ms: expect.any(Number) },
    { index: 2, id: "3", piece: "z" },
    { index: 2, id: "3", ms: expect.any(Number) },
  ]);
  expect(code).toBe(6);

  const endless = JSON.stringify({ words: ["first", "never"], hangAfter: 1 });
  await using calling = spawnDing(["serve", "call", server.address, "--stream", "-d", endless]);
  await until(() => calling.stdout === '"first"\n', { timeoutMs: 20_000 });
  expect((await calling.stop("SIGINT", 10_000)).code).toBe(130);
});

test("serve call that is interrupted ends at once with 130, whatever it waits for", async () => {
  await using calling = spawnDing(["serve", "call", server.address, "-"]);
  calling.write("1\n");
  await until(() => calling.stdout !== "", { timeoutMs: 20_000 });
  calling.write('{"sleepMs":60000}\n');
  const { code } = await calling.stop("SIGINT", 10_000);
  expect(code).toBe(130);
});

test("serve call tells wrong words with exit code 2, and nobody there with 5", async () => {
  const wrong: string[][] = [
    [server.address],
    [server.address, "--data", "{x}"],
    [server.address, "--file", folder.file("none.jsonl")],
    [server.address, "--image", folder.path],
    [server.address, "--data", "1", "--concurency", "5"],
    ["a b", "--data", "1"],
    [server.address, "--data", "1", "--out", folder.path],
  ];
  for (const words of wrong) {
    const { code, stdout, stderr } = await call(words);
    expect([words.slice(1), code, stdout]).toEqual([words.slice(1), 2, ""]);
    expect(stderr).toStartWith("ding: Cannot ");
  }
  const file = await folder.write("alone.jsonl", "1");
  expect((await call([server.address, file])).stderr).toContain(`--file ${file}`);
  const both = await call([server.address, "-", "--file", file], "2\n");
  expect([both.code, both.stdout]).toEqual([2, ""]);
  expect(both.stderr).toStartWith("ding: Cannot use - together with --file");
  const broken = await call([server.address, "-"], "1\n{x}\n");
  expect([broken.code, linesOf(broken.stdout)]).toEqual([2, [{ got: 1 }]]);
  expect(broken.stderr).toContain("line 2");

  const nobody = await call([`127.0.0.1:${await freePort()}`, "--data", "1"]);
  expect([nobody.code, nobody.stdout]).toEqual([5, ""]);
  expect(nobody.stderr).toContain("connection refused\nStart `ding serve` there");
});

test("serve call --timeout-ms gives an item up, and --model that is not there is told", async () => {
  const words = [server.address, "--data", '{"sleepMs":60000}', "--timeout-ms", "300"];
  const late = await call(words);
  expect([late.code, linesOf(late.stdout)]).toMatchObject([
    6,
    [{ error: { code: "task.timed-out" } }],
  ]);
  const unknown = await call([server.address, "--data", "1", "--model", "nobody"]);
  expect([unknown.code, linesOf(unknown.stdout)]).toMatchObject([
    6,
    [{ error: { code: "http.not-found" } }],
  ]);
});

test("serve call --status prints what the server says of itself", async () => {
  const { code, stdout } = await call([server.address, "--status", "--json"]);
  expect(code).toBe(0);
  expect(stdout.trim().split("\n")).toHaveLength(1);
  expect(JSON.parse(stdout)).toMatchObject({ models: [{ name: "model", state: "READY" }] });
});
