import { expect, test } from "bun:test";
import { existsSync, globSync } from "node:fs";
import { cp, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ding, ROOT } from "../support/ding.ts";
import { testNeeding } from "../support/needs.ts";
import { startSlave } from "../support/slave.ts";
import { submit } from "../support/submit.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const ISOLATES = ["process", "none"];
const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
  version: string;
};
/** A native addon that is here anyway: the one that msgpackr would use. */
const [addon] = globSync("node_modules/@msgpackr-extract/*/node.napi.glibc.node", { cwd: ROOT });

/** What the plugin in that folder makes of one task, run by the binary in that folder. */
async function resultOf(folder: TempFolder, task: unknown, isolate: string): Promise<unknown> {
  const run = { cwd: folder.path };
  await using slave = await startSlave("./my.ts", ["--isolate", isolate], run);
  const { code, lines, stderr } = await submit([task], { slaves: [slave] }, run);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  expect((await slave.stop()).code).toBe(0);
  return lines[0]?.result;
}

for (const isolate of ISOLATES) {
  test(`a plugin imports ding and zod with nothing installed, --isolate ${isolate}`, async () => {
    await using folder = await tempFolder();
    await folder.write(
      "my.ts",
      `import * as ding from "ding";
      import { z } from "zod";
      import { twice } from "./parts/twice.ts";
      const schema = z.object({ n: z.coerce.number().int() });
      export default class extends ding.Slave {
        schema = schema;
        processTask({ n }) { return { n: twice(n), version: ding.VERSION, isError: new ding.TaskFail(1) instanceof Error }; }
      }`,
    );
    await folder.write("parts/twice.ts", "export const twice = (n: number): number => 2 * n;");
    expect(await resultOf(folder, { n: "21" }, isolate)).toEqual({ n: 42, version, isError: true });
  });

  test(`a plugin in CommonJS may require ding, and export by name, --isolate ${isolate}`, async () => {
    await using folder = await tempFolder();
    const code = `const ding = require("ding"); exports.processTask = () => ding.VERSION;`;
    await folder.write("my.ts", `export { processTask } from "./tasks.cjs";`);
    await folder.write("tasks.cjs", code);
    expect(await resultOf(folder, 1, isolate)).toBe(version);
    await folder.write("my.ts", code);
    expect(await resultOf(folder, 1, isolate)).toBe(version);
  });

  test(`a plugin gets this program's ding, whatever is installed beside it, --isolate ${isolate}`, async () => {
    await using folder = await tempFolder();
    await folder.write("node_modules/ding/package.json", { name: "ding", main: "index.js" });
    await folder.write("node_modules/ding/index.js", `exports.VERSION = "another";`);
    await folder.write("my.ts", `import { VERSION } from "ding"; export default () => VERSION;`);
    expect(await resultOf(folder, 1, isolate)).toBe(version);
  });

  testNeeding(addon === undefined ? "the native addon of msgpackr for this machine" : undefined)(
    `a plugin imports packages of its own, a native addon among them, --isolate ${isolate}`,
    async () => {
      await using folder = await tempFolder();
      const home = folder.file("node_modules/native-thing");
      await mkdir(home, { recursive: true });
      await cp(join(ROOT, addon ?? ""), join(home, "thing.node"));
      await folder.write("node_modules/native-thing/package.json", {
        name: "native-thing",
        exports: "./main.cjs",
      });
      await folder.write(
        "node_modules/native-thing/main.cjs",
        `module.exports = require("./thing.node");`,
      );
      await folder.write(
        "my.ts",
        `import native from "native-thing";
        const bytes = Uint8Array.of(0xa2, 0x68, 0x69); // msgpack for "hi"
        export default () => native.extractStrings(0, bytes.length, bytes.buffer);`,
      );
      expect(await resultOf(folder, 1, isolate)).toBe("hi");
    },
  );
}

/** Files that Bun itself would read in the current folder, and run. */
async function evilFolder(): Promise<TempFolder> {
  const folder = await tempFolder();
  const evil = `require("node:fs").appendFileSync(${JSON.stringify(folder.file("ran"))}, process.argv.join(" ") + "\\n");`;
  await folder.write("evil.cjs", evil);
  await folder.write(
    "bunfig.toml",
    `preload = ["./evil.cjs"]\n[test]\npreload = ["./evil.cjs"]\n[run]\nbun = true\n`,
  );
  const variables =
    "EVIL=1\nDING_TOKEN=from-a-stranger\nDING_SLAVE_CHANNEL=666\nDING_SLAVE_MODE=queue\n";
  for (const name of [".env", ".env.local", ".env.production", ".env.development"]) {
    await folder.write(name, variables);
  }
  await folder.write("task.json", { n: 1 });
  await folder.write("my.ts", "export default () => ({ evil: process.env.EVIL ?? null });");
  return folder;
}

test("the binary runs and reads nothing of an evil bunfig.toml and .env in the current folder", async () => {
  await using folder = await evilFolder();
  const run = { cwd: folder.path, runtime: "binary" } as const;
  for (const isolate of ISOLATES) {
    expect(await resultOf(folder, { n: 1 }, isolate)).toEqual({ evil: null });
  }
  await using slave = await startSlave("./my.ts", [], run);
  expect(slave.facts).toMatchObject({ channel: 233, mode: "refuse" });
  for (const args of [
    ["--version"],
    ["--help"],
    ["master", "submit", "task.json", "--slave", slave.address],
    ["master", "status", "--slave", slave.address],
    ["slave", "make", "--name", "x", "--plugin", "./my.ts"],
  ]) {
    expect((await ding(args, run)).code).toBe(0);
  }
  expect(existsSync(folder.file("ran"))).toBe(false);
});

test("an evil bunfig.toml is evil indeed: Bun itself runs it", async () => {
  await using folder = await evilFolder();
  await folder.write("any.ts", "");
  const bun = Bun.spawn([process.execPath, "any.ts"], { cwd: folder.path });
  expect(await bun.exited).toBe(0);
  expect(existsSync(folder.file("ran"))).toBe(true);
});
