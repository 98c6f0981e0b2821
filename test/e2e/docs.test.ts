import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { cp, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { binaryPath, ROOT } from "../support/runtimes.ts";
import { codeBlocks, type CodeBlock } from "../support/markdown-blocks.ts";
import { signalGroup } from "../support/process-group.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const PAGE_TIMEOUT_MS = 600_000;
/** Made by commands, too big to copy, or no part of what people read. */
const NOT_COPIED = new Set([".git", "node_modules", "dist"]);

const docs = (await readdir(join(ROOT, "docs"))).filter((name) => name.endsWith(".md")).toSorted();
const pages = await Promise.all(["README.md", ...docs.map((name) => `docs/${name}`)].map(readPage));

let copy: TempFolder;
beforeAll(async () => {
  copy = await tempFolder();
  for (const name of await readdir(ROOT)) {
    if (!NOT_COPIED.has(name)) await cp(join(ROOT, name), copy.file(name), { recursive: true });
  }
  await symlink(join(ROOT, "node_modules"), copy.file("node_modules"));
  await mkdir(copy.file("dist"));
  await cp(binaryPath(), copy.file("dist/ding"));
});
afterAll(async () => {
  await copy[Symbol.asyncDispose]();
});

for (const { name, blocks } of pages) {
  const run = blocks.filter(({ notRun }) => notRun === undefined);
  for (const { line, notRun } of blocks) {
    if (notRun !== undefined) console.log(`Not run: the block at ${name}:${line}: ${notRun}`);
  }
  if (run.length === 0) continue;
  test(
    `${name}: its ${run.length} blocks of shell work, one after the other`,
    async () => {
      const { code, output } = await runShell(scriptOf(name, run));
      if (code !== 0) throw new Error(`${name} ended with ${code}:\n${output}`);
      expect(output).not.toMatch(/^ding: /m);
    },
    PAGE_TIMEOUT_MS + 5_000,
  );
}

test("README.md and the pages of docs/ have blocks of shell that are run", () => {
  const runs = pages.filter(({ blocks }) => blocks.some(({ notRun }) => notRun === undefined));
  const names = runs.map(({ name }) => name);
  for (const name of ["README.md", "docs/slave.md", "docs/master.md", "docs/serve.md"])
    expect(names).toContain(name);
});

async function readPage(name: string): Promise<{ name: string; blocks: CodeBlock[] }> {
  const blocks = codeBlocks(await readFile(join(ROOT, name), "utf8"));
  return { name, blocks: blocks.filter(({ language }) => language === "bash") };
}

/** One shell for the whole page, as for a reader; it ends at the first command that fails. */
function scriptOf(name: string, blocks: CodeBlock[]): string {
  const parts = blocks.map(({ line, code }) => `echo '--- ${name}:${line}'\n${code}\n`);
  return ["set -e", ...parts, "wait"].join("\n");
}

/** Runs it where a reader would; whatever it leaves running is killed. */
function runShell(script: string): Promise<{ code: number; output: string }> {
  const env = {
    ...process.env,
    NO_COLOR: "1",
    PATH: `${copy.file("dist")}:${process.env["PATH"]}`,
  };
  return new Promise((resolve, reject) => {
    const shell = spawn("bash", ["-c", script], {
      cwd: copy.path,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const group = shell.pid ?? 0;
    const timer = setTimeout(() => signalGroup(group, "SIGKILL"), PAGE_TIMEOUT_MS);
    let output = "";
    shell.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    shell.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    shell.once("error", reject);
    shell.once("exit", () => {
      clearTimeout(timer);
      signalGroup(group, "SIGKILL");
    });
    shell.once("close", (code) => resolve({ code: code ?? 124, output }));
  });
}
