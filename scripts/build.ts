/**
 * Makes the one file that users copy: `dist/ding` for this machine, with `--all` one for each other target too
 * (dist/ding-linux-arm64, …). A target whose runtime cannot be had is named, and the exit code is then 1.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { capture } from "./steps.ts";

const ROOT = join(import.meta.dir, "..");
const TARGETS = [
  "linux-x64",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
  "darwin-arm64",
  "darwin-x64",
  "windows-x64",
];

/** The current folder must not be able to run code inside the program; a plugin must find its own packages. */
const AUTOLOAD = [
  "--compile-autoload-package-json",
  "--compile-autoload-tsconfig",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-dotenv",
];

/**
 * What `ding --version` takes to start (bound: 40 ms): 82 as it comes, 25 with bytecode, 11 where commands are chunks
 * that load when asked for. Names stay whole and the map goes in, for stacks that can be read.
 */
const SHAPE = [
  "--bytecode",
  "--format=esm",
  "--splitting",
  "--minify-syntax",
  "--minify-whitespace",
  "--sourcemap=linked",
];

/** msgpackr would look for its native part where node_modules stood at build time: a path that anyone may fill elsewhere. */
const NO_NATIVE_MSGPACK = [
  "--external",
  "msgpackr-extract",
  "--define",
  `process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED="true"`,
];

/** Gives the error, or nothing if the program stands in dist/. */
async function build(target: string | undefined, version: string): Promise<string | undefined> {
  const startedMs = performance.now();
  const name = `ding${target ? `-${target}` : ""}${target?.startsWith("windows") ? ".exe" : ""}`;
  const file = join(ROOT, "dist", name);
  // A folder of its own: Bun leaves the source map beside the program, which holds it already.
  const drafts = mkdtempSync(join(ROOT, "dist/.draft-"));
  const draft = join(drafts, name);
  const { code, output } = await capture([
    process.execPath,
    "build",
    "--compile",
    ...AUTOLOAD,
    ...SHAPE,
    ...(target ? [`--target=bun-${target}`] : []),
    ...NO_NATIVE_MSGPACK,
    "--outfile",
    draft,
    join(ROOT, "commands/main.ts"),
  ]);
  if (code === 0) renameSync(draft, file); // at once, also while an older one runs
  rmSync(drafts, { recursive: true });
  if (code !== 0) return `Cannot build dist/${name}: ${output.trim()}`;
  const megabytes = (statSync(file).size / 1e6).toFixed(1);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`dist/${name} ${version}: ${megabytes} MB in ${seconds} s`);
  return undefined;
}

const { values } = parseArgs({ options: { all: { type: "boolean", default: false } } });
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
};
mkdirSync(join(ROOT, "dist"), { recursive: true });
for (const target of [undefined, ...(values.all ? TARGETS : [])]) {
  const problem = await build(target, version);
  if (problem === undefined) continue;
  console.error(problem);
  process.exitCode = 1;
}
