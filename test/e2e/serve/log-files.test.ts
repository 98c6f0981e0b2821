import { readdirSync, readFileSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { expect, test } from "bun:test";
import { ding, spawnDing } from "../../support/ding.ts";
import { onEachRuntime } from "../../support/each-runtime.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const MODEL = `import { defineModel } from "ding";
export default defineModel({
  load: ({ log }) => {
    log.info("loads");
    log.error("is not well");
    console.log("printed by the model");
    process.stderr.write("whispered by the model\\n");
    return {};
  },
  predict: (_model, inputs) => inputs,
});
`;
const TOKEN = "correct-horse-battery-staple";

/** The lines of all files with this ending. */
function linesOf(folder: TempFolder, extension: "log" | "err"): Record<string, unknown>[] {
  const files = readdirSync(folder.path).filter((file) =>
    new RegExp(`^ocr_\\d{4}-\\d\\d-\\d\\d\\.${extension}`).test(file),
  );
  return files.flatMap((file) =>
    readFileSync(folder.file(file), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
}

const messages = (lines: Record<string, unknown>[]): unknown[] =>
  lines.map(({ message }) => message);

onEachRuntime([
  {
    name: "--log-dir holds what the server and its workers say, errors apart",
    async run(runtime) {
      await using models = await tempFolder();
      await using logs = await tempFolder();
      const model = await models.write("model.ts", MODEL);
      const args = ["serve", model, "--port=0", "--workers=2", "--log-dir", logs.path];
      const env = { DING_TOKEN: TOKEN };
      await using server = spawnDing([...args, "--log-name=ocr", "--verbose"], { runtime, env });
      const { url } = await server.ready(30_000);
      const headers = { Authorization: `Bearer ${TOKEN}` };
      for (let count = 0; count < 3; count++) {
        const body = JSON.stringify({ input: TOKEN });
        const answer = await fetch(`${url}/predict`, { method: "POST", headers, body });
        expect(answer.status).toBe(200);
      }
      await until(
        () => messages(linesOf(logs, "log")).filter((text) => text === "batch").length === 3,
        {
          what: "a line for each batch",
        },
      );
      expect((await server.stop()).code).toBe(0);
      const said = messages(linesOf(logs, "log"));
      for (const text of ["loads", "printed by the model", "whispered by the model"]) {
        expect(said.filter((one) => one === text)).toHaveLength(2);
        const lines = linesOf(logs, "log").filter(({ message }) => message === text);
        expect(lines.map(({ worker }) => worker)).toEqual(expect.arrayContaining(["w0", "w1"]));
      }
      expect(said.at(-1)).toBe("serve has stopped");
      expect(messages(linesOf(logs, "err"))).toEqual(["is not well", "is not well"]);
      expect(readdirSync(logs.path)).toHaveLength(2);
      const whole = JSON.stringify([linesOf(logs, "log"), linesOf(logs, "err"), server.stderr]);
      expect(whole).not.toContain(TOKEN);
      expect(server.stderr).not.toContain('batch"');
    },
  },
]);

test("without --verbose a request leaves no line, and full files are put aside", async () => {
  await using models = await tempFolder();
  await using logs = await tempFolder();
  const model = await models.write("model.ts", MODEL);
  const words = ["--log-name=ocr", "--log-max-bytes=4096", "--log-keep=3", "--port=0"];
  const args = ["serve", model, "--log-dir", logs.path, ...words];
  await using server = spawnDing(args, { runtime: "binary" });
  const { url } = await server.ready(30_000);
  // The files are written a moment later, and what a model prints comes by a pipe of its own.
  const atStart = ["printed by the model", "whispered by the model", "serve ready on "];
  const hasStarted = (): boolean => {
    const said = messages(linesOf(logs, "log")).join("\n");
    return atStart.every((text) => said.includes(text));
  };
  await until(hasStarted, { what: "what is said as it starts" });
  const before = linesOf(logs, "log").length;
  for (let count = 0; count < 100; count++) {
    await fetch(`${url}/predict`, { method: "POST", body: '{"input":1}' });
  }
  expect(linesOf(logs, "log").length).toBe(before);
  await server.stop();

  await using loud = spawnDing([...args, "--verbose"], { runtime: "binary" });
  const again = await loud.ready(30_000);
  for (let count = 0; count < 100; count++) {
    await fetch(`${again.url}/predict`, { method: "POST", body: '{"input":1}' });
  }
  await until(() => readdirSync(logs.path).filter((file) => /\.log/.test(file)).length === 3, {
    what: "three files",
  });
  await loud.stop();
  expect(readdirSync(logs.path).filter((file) => /\.log/.test(file))).toHaveLength(3);
});

test("a full disk ends neither the server nor a request", async () => {
  await using models = await tempFolder();
  await using logs = await tempFolder();
  const model = await models.write("model.ts", MODEL);
  const date = new Date().toISOString().slice(0, 10);
  await symlink("/dev/full", logs.file(`ocr_${date}.log`));
  const args = ["serve", model, "--port=0", "--log-dir", logs.path, "--log-name=ocr", "--verbose"];
  await using server = spawnDing(args, { runtime: "binary" });
  const { url } = await server.ready(30_000);
  for (let count = 0; count < 3; count++) {
    const answer = await fetch(`${url}/predict`, { method: "POST", body: '{"input":1}' });
    expect(await answer.json()).toEqual({ output: 1 });
  }
  expect(server.stderr).toContain(`Cannot write to ${logs.path}/ocr_${date}.log`);
  expect(server.stderr.split("Cannot write to").length).toBe(2);
  expect((await server.stop()).code).toBe(0);
});

test("a model that does not load is in .err, and a folder that cannot be made is refused", async () => {
  await using folder = await tempFolder();
  const model = await folder.write("model.ts", 'throw new Error("no such weights");');
  const args = ["serve", model, "--port=0", "--log-name=ocr", "--log-dir"];
  const failed = await ding([...args, folder.path], { runtime: "binary" });
  expect(failed.code).toBe(1);
  expect(messages(linesOf(folder, "err"))).toEqual([expect.stringContaining("no such weights")]);
  const refused = await ding([...args, `${model}/logs`], { runtime: "binary" });
  expect(refused.stderr).toStartWith(`ding: Cannot use --log-dir: "${model}/logs": `);
  expect(refused.code).toBe(2);
});
