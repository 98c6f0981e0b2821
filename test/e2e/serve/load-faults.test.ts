import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { ding, spawnDing } from "../../support/ding.ts";
import { tempFolder } from "../../support/temp-folder.ts";

/** A model of which one step is out of order; `fail(words)` writes down when. */
function failing(step: string): string {
  return `import { defineModel } from "ding";
import { writeFileSync } from "node:fs";
const fail = (words: string): never => {
  writeFileSync("failed-at", String(Date.now()));
  throw new Error(words);
};
export default defineModel({
  predict: (_model, inputs) => inputs,
  ${step}
});
`;
}

const AT_ONCE = "load: () => fail('no such weights')";
const LATER = `async load() {
    await new Promise((resolve) => setTimeout(resolve, 200));
    fail("no such weights");
  }`;
const WARM_UP = "warmup: () => fail('no such weights')";
const BESIDE_LONG = `load: ({ workerId }) => workerId === "w1" ? fail("no such weights") : new Promise(() => {})`;
const BESIDE_BUSY = `load({ workerId }) {
    if (workerId === "w1") setTimeout(() => {}, 100);
    while (workerId === "w0") Math.random();
    fail("no such weights");
  }`;
const CLOSES_NEVER = `load: ({ workerId }) => workerId === "w0" || new Promise((_, reject) => setTimeout(() => {
    try { fail("no such weights"); } catch (thrown) { reject(thrown); }
  }, 300)),
  close: () => new Promise(() => {}),`;

test.each([
  ["throws in load", AT_ONCE],
  ["throws in load after a while", LATER],
  ["throws as it warms up", WARM_UP],
  ["throws while another worker is loading", BESIDE_LONG],
  ["throws while another worker is busy loading", BESIDE_BUSY],
  ["throws where another worker has loaded, and does not close", CLOSES_NEVER],
])("a model that %s: exit 1 within a second of the error, with it", async (_what, step) => {
  await using folder = await tempFolder();
  await folder.write("model.ts", failing(step));
  const args = ["serve", "model.ts", "--port", "0", "--workers", "2"];
  await using server = spawnDing(args, { runtime: "binary", cwd: folder.path });
  const { code, stdout, stderr } = await server.waitForExit(20_000);
  const afterMs = Date.now() - Number(readFileSync(folder.file("failed-at"), "utf8"));
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain('ding: Cannot load model "model": ');
  expect(stderr).toContain("no such weights");
  expect(stderr).toMatch(/model\.ts:\d+/);
  expect(stderr).not.toContain("ready on");
  expect(afterMs).toBeLessThan(1_000);
});

const BROKEN: [what: string, text: string, said: string][] = [
  ["throws as it is imported", `throw new Error("no such weights");`, "no such weights"],
  ["is no TypeScript", "export default (((", "model.ts:1"],
  ["imports what is not there", `import "./nothing.ts";`, "nothing.ts"],
  ["ends its process", failing("load: () => process.exit(0)"), 'model "model"'],
  ["is no model", "export default 5;", "Export as default"],
  ["has no such export", "export const Other = (inputs: unknown[]) => inputs;", "it exports Other"],
];

test.each(BROKEN)("a model that %s: exit 1, and why", async (_what, text, said) => {
  await using folder = await tempFolder();
  const model = await folder.write("model.ts", text);
  const args = ["serve", model, "--port", "0", "--workers", "2"];
  const { code, stdout, stderr } = await ding(args, { runtime: "binary" });
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^ding: Cannot (load|use) /m);
  expect(stderr).toContain(said);
});

test("one of several models that does not load ends the server, and is named", async () => {
  await using folder = await tempFolder();
  const good = await folder.write("good.ts", "export default (inputs: unknown[]) => inputs;");
  await folder.write("bad.ts", failing(AT_ONCE));
  const args = ["serve", "--plugin", good, "--plugin", "worse@3=./bad.ts", "--port", "0"];
  const { code, stderr } = await ding(args, { runtime: "binary", cwd: folder.path });
  expect(code).toBe(1);
  expect(stderr).toContain('Cannot load model "worse');
});

test("words that name no model end with 2 or 1 before anything is loaded, and say which", async () => {
  await using folder = await tempFolder();
  await folder.write("model.ts", "export default (inputs: unknown[]) => inputs;");
  const rows: [words: string[], code: number, said: string][] = [
    [["./none.ts"], 1, "none.ts"],
    [["--repository", "./none"], 2, "no such folder"],
    [["a/b=./model.ts"], 1, "a/b=./model.ts"],
    [["a b=./model.ts"], 2, 'Cannot use model name "a b"'],
    [["a=./model.ts", "a=./model.ts"], 2, 'Cannot serve two models as "a@1"'],
    [["./model.ts", "--model-dri", "x"], 2, 'Did you mean "--model-dir"?'],
  ];
  for (const [words, code, said] of rows) {
    const result = await ding(["serve", ...words, "--port", "0"], {
      runtime: "binary",
      cwd: folder.path,
    });
    expect([words, result.code, result.stdout]).toEqual([words, code, ""]);
    expect(result.stderr).toContain(said);
  }
});
