import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { ding } from "../support/ding.ts";
import { testNeeding } from "../support/needs.ts";
import { binaryPath } from "../support/runtimes.ts";
import { JOBS, startSlave, type StartedSlave } from "../support/slave.ts";
import { jsonLines, parseLines, spawnSubmit } from "../support/submit.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const MANY = 10_000;
const MOST_MEGABYTES = 250;
const FIRST = 20;

let slave: StartedSlave;
let folder: TempFolder;
beforeAll(async () => {
  const args = ["--mode", "queue", "--concurrency", "2"];
  [slave, folder] = await Promise.all([startSlave(JOBS, args), tempFolder()]);
});
afterAll(async () => {
  await slave[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test("a summary shows the first 20 results by their place, as JSON, and how many ended how", async () => {
  const tasks = Array.from({ length: 25 }, (_, at) => ({ echo: at === 3 ? { ü: [null] } : at }));
  const input = jsonLines([...tasks, { fail: "no luck" }]);
  const words = ["master", "submit", "-", "--slave", slave.address];
  const { code, stdout, stderr } = await ding(words, { runtime: "binary", input });
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(FIRST + 2);
  for (const [at, line] of lines.slice(0, FIRST).entries()) {
    expect(line).toMatch(/^\d+ +COMPLETED +\S/);
    const [place, , result] = line.split(/ {2,}/);
    expect(place).toBe(`${at}`);
    expect(JSON.parse(result ?? "")).toEqual(tasks[at]?.echo);
  }
  expect(lines[FIRST]).toBe("… and 6 more: pass --out FILE to keep them all");
  expect(lines[FIRST + 1]).toMatch(/^26 tasks in [\d.]+ s: 25 completed, 1 failed$/);
  expect(stderr).not.toContain("\r");
  expect(code).toBe(6);
});

const SCRIPT = spawnSync("script", ["--version"]).status === 0;

/** Runs the line on a terminal of its own; gives what that shows. */
function onTerminal(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, TERM: "xterm" };
    const terminal = spawn("script", ["-qec", line, "/dev/null"], { env });
    let shown = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
    terminal.once("error", reject);
    terminal.once("close", () => resolve(shown));
    terminal.stdin.end();
  });
}

testNeeding(SCRIPT ? undefined : "the program script of util-linux")(
  "a bar shows the progress on a terminal, and only there",
  async () => {
    const file = await folder.write("slow.jsonl", jsonLines(Array(12).fill({ waitMs: 100 })));
    const words = `${binaryPath()} master submit ${file} --slave ${slave.address}`;
    const shown = await onTerminal(`${words} > ${folder.file("stdout")}`);
    expect(shown.split("\r\x1b[K").some((text) => /^\[[#-]+\] {2}\d+\/12/.test(text))).toBe(true);
    expect(shown).toContain("1 slave");
    expect(shown.trimEnd().endsWith("\x1b[K")).toBe(true); // the last thing that it does is to go away
    const summary = readFileSync(folder.file("stdout"), "utf8");
    expect(summary).toMatch(/^0 +COMPLETED/);
    expect(summary).not.toContain("\x1b");
    const quiet = await onTerminal(`${words} --json 2> ${folder.file("stderr")}`);
    expect(parseLines(quiet.replaceAll("\r", ""))).toHaveLength(12);
    expect(readFileSync(folder.file("stderr"), "utf8")).not.toContain("\x1b");
  },
);

test("a reader that goes away ends ding quietly", async () => {
  const file = await folder.write(
    "some.jsonl",
    jsonLines(Array(500).fill({ echo: "x".repeat(1_000) })),
  );
  const line = `${binaryPath()} master submit ${file} --json --slave ${slave.address} | head -1`;
  const { stdout, stderr } = spawnSync("bash", ["-c", line], { encoding: "utf8" });
  expect(parseLines(stdout)).toHaveLength(1);
  expect(stderr).not.toContain("EPIPE");
  expect(stderr).not.toContain("bug");
});

test("ten thousand small tasks need little memory, and every result is told once", async () => {
  const tasks = Array.from({ length: MANY }, (_, at) => ({ add: [at, 1] }));
  const file = await folder.write("tasks.jsonl", jsonLines(tasks));
  const out = folder.file("results.jsonl");
  await using master = spawnSubmit(file, { slaves: [slave], args: ["--out", out] });
  let peakKiB = 0;
  const look = (): boolean => {
    peakKiB = Math.max(peakKiB, peakOf(master.pid));
    return master.hasExited;
  };
  await until(look, { what: "the end of the job", timeoutMs: 100_000 });
  const { code, stdout, stderr } = await master.exited;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toMatch(/10,000 tasks in [\d.]+ s: 10,000 completed/);
  const lines = parseLines(stdout);
  expect(lines.map(({ index }) => index)).toEqual(tasks.map((_, at) => at));
  expect(lines.every(({ index, result }) => (result as { sum: number }).sum === index + 1)).toBe(
    true,
  );
  expect(readFileSync(out, "utf8")).toBe(stdout);
  expect(peakKiB).toBeGreaterThan(0);
  expect(peakKiB / 1024).toBeLessThan(MOST_MEGABYTES);
});

/** The most memory that the process has held. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // it has just ended
  }
}
