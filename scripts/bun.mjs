// Runs a script of this project with the Bun of node_modules: `node scripts/bun.mjs FILE …`.
// Plain JavaScript for Node, because it is what runs before Bun does. Bun's and Deno's packages put their program
// into place in an install script; where npm does not run those, this does it once.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = fileURLToPath(new URL("../node_modules", import.meta.url));
const suffix = process.platform === "win32" ? ".exe" : "";
const bun = join(modules, "bun/bin/bun.exe"); // its name on every system
const deno = join(modules, `deno/deno${suffix}`);

/** A program is megabytes; what stands there before the install script is a few lines of text. */
function isProgram(path) {
  return existsSync(path) && statSync(path).size > 1_000_000;
}

function installOnce(name, program, script) {
  if (isProgram(program)) return;
  if (!existsSync(join(modules, name))) fail(`Cannot find ${name} in node_modules`);
  const cwd = join(modules, name);
  const done = spawnSync(process.execPath, [script], { cwd, encoding: "utf8" });
  if (!isProgram(program)) fail(`Cannot install ${name}: ${done.stderr || done.stdout}`);
}

function fail(message) {
  console.error(`${message.trim()}\nRun \`npm ci\` first.`);
  process.exit(1);
}

installOnce("bun", bun, "install.js");
installOnce("deno", deno, "install.cjs");

const child = spawn(bun, process.argv.slice(2), { stdio: "inherit" });
process.on("SIGINT", () => {}); // a terminal sends it to the child as well
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("error", (error) => fail(`Cannot run Bun: ${error.message}`));
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 1);
});
