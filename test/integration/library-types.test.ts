import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { codeBlocks } from "../support/markdown-blocks.ts";
import { ROOT } from "../support/runtimes.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** Pages whose TypeScript stands for itself: it names nothing that the reader has yet to write. */
const PAGES = ["README.md", "docs/master.md", "docs/replay.md", "docs/task.md"];

const tool = (name: string): string => join(ROOT, "node_modules/.bin", name);

/** As somebody has it whose program lies elsewhere and imports the library by its source. */
const tsconfig = {
  compilerOptions: {
    target: "ESNext",
    lib: ["ESNext", "ESNext.Disposable", "DOM"],
    module: "Preserve",
    moduleResolution: "bundler",
    moduleDetection: "force",
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    types: ["bun"],
    typeRoots: [join(ROOT, "node_modules/@types")],
    paths: { ding: [join(ROOT, "src/index.ts")], zod: [join(ROOT, "node_modules/zod")] },
  },
  include: ["*.ts"],
};

test("the library and what the documentation writes with it have no fault of types in a program elsewhere", async () => {
  await using folder = await tempFolder();
  await folder.write("tsconfig.json", tsconfig);
  for (const page of PAGES) {
    const blocks = codeBlocks(readFileSync(join(ROOT, page), "utf8"));
    const programs = blocks.filter(({ language }) => language === "ts");
    expect([page, programs.length > 0]).toEqual([page, true]);
    for (const { line, code } of programs) {
      await folder.write(`${page.replaceAll("/", "-")}-${line}.ts`, code);
    }
  }
  const { status, stdout } = spawnSync(tool("tsc"), ["-p", folder.path], { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
}, 120_000);
