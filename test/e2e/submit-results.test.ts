import { expect, test } from "bun:test";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { ding } from "../support/ding.ts";
import { startSlave, statusOf } from "../support/slave.ts";
import { jsonLines, parseLines, spawnSubmit, submit, type ResultLine } from "../support/submit.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

/** Tasks that leave a mark when they begin, so that a test sees how often each of them ran. */
function marking(folder: TempFolder, count: number, rest: object): object[] {
  return Array.from({ length: count }, (_, at) => ({ mark: folder.file(`mark-${at}`), ...rest }));
}

/** How often each of them began. */
async function timesRun(folder: TempFolder, count: number): Promise<number[]> {
  const texts = Array.from({ length: count }, (_, at) =>
    readFile(folder.file(`mark-${at}`), "utf8").catch(() => ""),
  );
  return (await Promise.all(texts)).map((text) => text.split("\n").length - 1);
}

async function linesIn(file: string): Promise<ResultLine[]> {
  return parseLines(await readFile(file, "utf8"));
}

test("--json prints one object per task, in order of completion, and nothing else; --out writes the same", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave(undefined, ["--concurrency", "2"]);
  const out = folder.file("results.jsonl");
  const { code, stdout, stderr, lines } = await submit(
    [{ waitMs: 2_500 }, { add: [1, 1] }, { fail: "not today" }, { echo: null }],
    { slaves: [slave], args: ["--out", out] },
  );
  const first = JSON.parse(stdout.split("\n")[0] ?? "") as ResultLine;
  expect(first.index).toBe(1);
  expect((JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as ResultLine).index).toBe(0);
  const keys = ["index", "id", "status", "result", "slave", "attempts", "ms"];
  for (const line of lines) {
    const failed = [...keys.slice(0, 4), "error", ...keys.slice(4)];
    expect(Object.keys(line)).toEqual(line.index === 2 ? failed : keys);
    expect(line.slave).toBe(slave.address);
  }
  expect(lines[0]?.ms).toBeGreaterThan(2_490);
  expect(lines[2]).toMatchObject({ status: "FAILED", error: { message: "not today" } });
  expect(await readFile(out, "utf8")).toBe(stdout);
  expect(code).toBe(6);
  expect(stderr).toMatch(/4 tasks in [\d.]+ s: 3 completed, 1 failed/);
});

test("Ctrl-C cancels what runs, ends with 130, and --resume does what is left and nothing twice", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave();
  const tasks = [
    ...marking(folder, 3, { add: [1, 1] }),
    { mark: folder.file("mark-3"), gate: folder.file("gate") },
    { mark: folder.file("mark-4"), add: [2, 2] },
  ];
  const file = await folder.write("tasks.jsonl", jsonLines(tasks));
  const out = folder.file("results.jsonl");
  await using master = spawnSubmit(file, { slaves: [slave], args: ["--out", out] });
  await until(async () => (await timesRun(folder, 4))[3] === 1, { what: "the long task" });
  const { code, stdout, stderr } = await master.stop("SIGINT");
  expect(code).toBe(130);
  expect(stderr).toContain(`Go on with --resume ${out}`);
  expect(parseLines(stdout).map(({ status }) => status)).toEqual(Array(3).fill("COMPLETED"));
  await until(async () => (await statusOf(slave)).master === null, { what: "a free slave" });
  expect(await statusOf(slave)).toMatchObject({
    running: 0,
    counts: { completed: 3, cancelled: 1 },
  });

  await folder.write("gate", "open");
  const rest = await submit(
    [],
    { slaves: [slave], args: ["--resume", out] },
    { input: jsonLines(tasks) },
  );
  expect(rest.code).toBe(0);
  expect(rest.lines.map(({ index }) => index)).toEqual([3, 4]);
  expect((await linesIn(out)).map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
  expect(await timesRun(folder, 5)).toEqual([1, 1, 1, 2, 1]);
  const again = await submit(tasks, { slaves: [slave], args: ["--resume", out] });
  expect([again.code, again.stdout]).toEqual([0, ""]);
  expect(again.stderr).toContain("5 completed (5 of them in an earlier run)");
});

test("a second Ctrl-C leaves at once", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("task.json", { spin: true });
  await using slave = await startSlave(undefined, ["--cancel-grace-ms", "60000"]);
  await using master = spawnSubmit(file, { slaves: [slave] });
  await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
  master.kill("SIGINT");
  await until(() => master.stderr.includes("Stopping"), { what: "word of the first signal" });
  expect((await statusOf(slave)).running).toBe(1); // the task does not hear of it
  expect(master.hasExited).toBe(false);
  expect((await master.insist("SIGINT", 20_000)).code).toBe(130);
});

test("a master that is killed leaves a file that --resume takes up, its torn last line too", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave();
  const gate = folder.file("gate");
  const tasks = marking(folder, 12, {}).map((task, at) => ({
    ...task,
    ...(at < 4 ? { waitMs: 100 } : { gate }),
  }));
  const file = await folder.write("tasks.jsonl", jsonLines(tasks));
  const out = folder.file("results.jsonl");
  await using master = spawnSubmit(file, { slaves: [slave], args: ["--out", out] });
  await until(() => parseLines(master.stdout).length >= 4, { what: "some results" });
  expect((await master.stop("SIGKILL")).signal).toBe("SIGKILL");
  await folder.write("gate", "open");
  const done = (await linesIn(out)).length;
  expect(done).toBeGreaterThanOrEqual(4);
  const text = await readFile(out, "utf8");
  await writeFile(out, text.slice(0, -20)); // what a power cut does to the last line
  const to = { slaves: [slave], args: ["--resume", out] };
  const { code, lines } = await submit(tasks, to);
  expect(code).toBe(0);
  expect(lines).toHaveLength(12 - (done - 1));
  const all = await linesIn(out);
  expect(all.map(({ index }) => index)).toEqual(Array.from({ length: 12 }, (_, at) => at));
  expect(all.every(({ status }) => status === "COMPLETED")).toBe(true);
  const times = await timesRun(folder, 12);
  expect(times.slice(0, done - 1)).toEqual(Array(done - 1).fill(1)); // none of these ran again

  await writeFile(out, (await readFile(out, "utf8")).trimEnd()); // whole, but for its line end
  const again = await submit(tasks, to);
  expect([again.code, again.stdout]).toEqual([0, ""]);
  expect((await readFile(out, "utf8")).endsWith("}\n")).toBe(true);
});

/** Files that no earlier run of this job has written. */
const STRANGERS: [name: string, text: string, says: string][] = [
  ["of another kind", '{"hello": "world"}\n', "line 1 is no result line"],
  ["that is no JSON", "# My thesis\n\nChapter one\n", "is no result line"],
  ["with a stranger's last line", "hello", "its last line is no result line"],
];

for (const [name, text, says] of STRANGERS) {
  test(`--resume refuses a file ${name} with 2 and leaves it as it is`, async () => {
    await using folder = await tempFolder();
    const file = await folder.write("results.jsonl", text);
    for (const args of [
      ["--resume", file],
      ["--out", file],
    ]) {
      const { code, stdout, stderr } = await submit([1], { slaves: [], args });
      expect(stderr).toContain(args[0] === "--out" ? "it is not empty" : says);
      expect([code, stdout]).toEqual([2, ""]);
    }
    expect(await readFile(file, "utf8")).toBe(text);
  });
}

test("--resume refuses the results of another job with 2 and leaves them as they are", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave();
  const out = folder.file("results.jsonl");
  const tasks = [{ add: [1, 1] }, { add: [2, 2] }];
  expect((await submit(tasks, { slaves: [slave], args: ["--out", out] })).code).toBe(0);
  const text = await readFile(out, "utf8");
  for (const [others, says] of [
    [[{ add: [1, 1] }, { add: [2, 3] }], "its result 1 belongs to a task with other data"],
    [[{ add: [1, 1] }], "it has a result 1, the job has 1 task"],
  ] as const) {
    const refused = await submit([...others], { slaves: [slave], args: ["--resume", out] });
    expect(refused.stderr).toContain(says);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
  }
  expect(await readFile(out, "utf8")).toBe(text);
  await appendFile(out, "# a note\n{}\n");
  const noted = await submit(tasks, { slaves: [slave], args: ["--resume", out] });
  expect(noted.stderr).toContain("line 3 is no result line");
  expect(noted.code).toBe(2);
});

test("--out that cannot be written is told before anything runs", async () => {
  await using folder = await tempFolder();
  const words = ["master", "submit", "-", "--out", folder.file("no/such/folder.jsonl")];
  const { code, stderr } = await ding(words, { runtime: "binary", input: "1" });
  expect(stderr).toContain("Cannot write results to");
  expect(code).toBe(2);
});
