import { expect, test } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { strToU8, zipSync } from "fflate";
import { ding, spawnDing } from "../../support/ding.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const PATIENT = { timeoutMs: 40_000 };
/** Node 1 fails once. */
const MAIN = `
import { existsSync, writeFileSync } from "node:fs";
import { help } from "helper";
import { word } from "./lib/word.ts";
export async function main(root) {
  await using task = root.start();
  const { nodeId } = task.router;
  console.log([nodeId, word, help, task.seed, task.random(), task.random()].join(" "));
  if (nodeId === 1 && !existsSync(process.env.MARK)) {
    writeFileSync(process.env.MARK, "");
    throw new Error("the first time");
  }
  await task.waitFor("never", { signal: task.finishing }).catch(() => {});
}`;

async function packed(folder: TempFolder): Promise<string> {
  await folder.write("node_modules/helper/package.json", { name: "helper", main: "helper.js" });
  await folder.write("node_modules/helper/helper.js", 'exports.help = "helped";');
  const word = strToU8('export const word: string = "packed";');
  const zip = zipSync({ "main.ts": strToU8(MAIN), "lib/word.ts": word });
  await folder.write("broken.zip", zip.subarray(0, zip.length - 30));
  return folder.write("game.zip", zip);
}

const status = async (url: string): Promise<number> =>
  fetch(url).then(
    (answer) => answer.status,
    () => 0,
  );

test("ding task runs a zip in nodes that answer on ports of their own, with the same numbers by chance after a crash", async () => {
  await using folder = await tempFolder();
  const zip = await packed(folder);
  await mkdir(folder.file("tmp"));
  const env = { TMPDIR: folder.file("tmp"), MARK: folder.file("mark") };
  const nodes = ["--parallel-workers", "2", "--ports", "0", "--auto-recover", "--seed", "7"];
  const ports = ["--metrics-port", "0", "--health-port", "0"];
  const args = ["task", "--package", zip, ...nodes, ...ports];
  await using running = spawnDing(args, { runtime: "binary", env });
  const isTold = (): boolean => /task ready.*\n/.test(running.stderr);
  await until(() => isTold() && running.stdout.split("\n").length === 4, PATIENT);
  const [, second = ""] = /metrics=(\S+)/.exec(running.stderr)?.[1]?.split(",") ?? [];
  expect(/health=(\S+)/.exec(running.stderr)?.[1]?.split(",")[1]).toBe(second);
  const lines = running.stdout.trim().split("\n").toSorted();
  expect(lines[0]).toMatch(/^0 packed helped 7 0\.\d+ 0\.\d+$/);
  expect(lines[1]).toMatch(/^1 packed helped 7 0\.\d+ 0\.\d+$/);
  expect([lines[2], lines[0]?.slice(1) === lines[1]?.slice(1)]).toEqual([lines[1] ?? "", false]);
  // Back in its place, it has the ports that it had.
  await until(async () => (await status(`http://${second}/health/ready`)) === 200, PATIENT);
  const metrics = async (): Promise<string> => (await fetch(`http://${second}/metrics`)).text();
  const joined = 'ding_task_peers{state="joined"} 1';
  await until(async () => (await metrics()).includes(joined), { ...PATIENT, what: joined });
  running.kill("SIGTERM");
  const { code } = await running.waitForExit(40_000);
  const left = (await readdir(folder.file("tmp"))).filter((name) => name.startsWith("ding-"));
  expect([code, left]).toEqual([0, []]);
});

test("ding task says of a zip that it is broken, and of a port for questions that it is in use", async () => {
  await using folder = await tempFolder();
  const zip = await packed(folder);
  const server = createServer().listen(0, "127.0.0.1");
  await until(() => server.listening);
  const { port } = server.address() as { port: number };
  const [broken, inUse] = await Promise.all([
    ding(["task", "--package", folder.file("broken.zip")], PATIENT),
    ding(["task", "--package", zip, "--health-port", String(port)], PATIENT),
  ]);
  server.close();
  expect([broken.code, broken.stderr]).toEqual([
    1,
    expect.stringContaining("it is neither a folder nor a whole zip"),
  ]);
  expect([inUse.code, inUse.stderr]).toEqual([
    1,
    expect.stringContaining(`Cannot listen on 127.0.0.1:${port}: address in use`),
  ]);
  expect(inUse.stderr).toContain("Pass another --health-port");
});
