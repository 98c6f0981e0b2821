import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { FakeMaster, SlaveCaller } from "../integration/di-engine/fake-master.ts";
import { spawnDing } from "../support/ding.ts";
import { freePort } from "../support/free-port.ts";
import { commandOf, ROOT } from "../support/runtimes.ts";
import { CHANNEL, JOBS, startSlave, statusOf } from "../support/slave.ts";
import { parseLines, spawnSubmit, submit } from "../support/submit.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

/** Every form that a plugin may have; each gives twice what it gets. */
const FORMS: [name: string, source: string][] = [
  ["a function", "export default (n) => 2 * n;"],
  ["an async function", "export default async function twice(n, ctx) { return 2 * n; }"],
  ["an object", "export default { factor: 2, processTask(n) { return this.factor * n; } };"],
  [
    "defineSlave",
    `import { defineSlave } from "ding"; export default defineSlave({ processTask: (n) => 2 * n });`,
  ],
  [
    "a class",
    `import { Slave } from "ding"; export default class extends Slave { #by = 2; processTask(n) { return this.#by * n; } }`,
  ],
  ["a class of its own", "export default class { processTask(n) { return 2 * n; } }"],
];

for (const [name, source] of FORMS) {
  test(`ding slave runs a plugin that is ${name}`, async () => {
    await using folder = await tempFolder();
    await using slave = await startSlave(await folder.write("my.ts", source));
    const { code, lines } = await submit([21, 0], { slaves: [slave] });
    expect(lines.map(({ result }) => result)).toEqual([42, 0]);
    expect(code).toBe(0);
  });
}

test("a task's context says who runs it where, and its log goes to the operator", async () => {
  await using slave = await startSlave(JOBS, ["--concurrency", "2"]);
  const { code, lines } = await submit([{ context: true }], { slaves: [slave] });
  const [line] = lines;
  expect(line?.result).toEqual({
    taskId: line?.id,
    attempt: 1,
    channel: 233,
    workerId: expect.stringMatching(/^w[01]$/),
    isAborted: false,
    pid: expect.any(Number),
  });
  const { pid } = (line?.result ?? {}) as { pid?: number };
  expect((await statusOf(slave)).workers.map((worker) => worker.pid)).toContain(pid ?? 0);
  await until(() => slave.stderr.includes(`a word for the operator of ${line?.id}`), {
    what: "the log of the task",
  });
  expect(code).toBe(0);
});

const PICKY = `import { defineSlave, TaskRefuse } from "ding";
import { z } from "zod";
export default defineSlave({
  schema: z.object({ deep: z.object({ n: z.int() }) }),
  beforeTask({ deep }) { if (deep.n > 10) throw new TaskRefuse({ most: 10 }, "too much for me"); },
  processTask: ({ deep }) => deep.n,
});`;

test("a task that does not fit the schema, or that beforeTask does not want, is refused by 602 with the reason", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave(await folder.write("picky.ts", PICKY));
  const tasks = [{ deep: { n: 1 } }, { deep: { n: "x" } }, {}, { deep: { n: 11 } }];
  const { code, lines } = await submit(tasks, { slaves: [slave] });
  expect(lines).toMatchObject([
    { status: "COMPLETED", result: 1 },
    { status: "START_FAILED", error: { message: expect.stringContaining("deep.n: ") } },
    { status: "START_FAILED", error: { message: expect.stringContaining("deep: ") } },
    { status: "START_FAILED", error: { message: "too much for me" } },
  ]);
  expect(lines[3]?.error).toMatchObject({ details: { code: 602, data: { most: 10 } } });
  expect(code).toBe(6);
});

test("a task that one slave refuses goes to another one", async () => {
  await using folder = await tempFolder();
  const generous = `export default ({ deep }) => "generous " + deep.n;`;
  await using picky = await startSlave(await folder.write("picky.ts", PICKY));
  await using other = await startSlave(await folder.write("generous.ts", generous));
  const tasks = Array.from({ length: 6 }, () => ({ deep: { n: 99 } }));
  const { code, lines } = await submit(tasks, { slaves: [picky, other] });
  expect(lines.map(({ result }) => result)).toEqual(Array(6).fill("generous 99"));
  expect(code).toBe(0);
});

test("a worker that dies fails its own task only, whatever it dies of, and is replaced", async () => {
  await using slave = await startSlave(JOBS, ["--concurrency", "2"]);
  const { workers } = await statusOf(slave);
  const deaths = ["SIGKILL", "SIGSEGV", "SIGABRT"] as const;
  const tasks = [{ waitMs: 500 }, ...deaths.map((signal) => ({ signal })), { add: [2, 3] }];
  const { code, lines } = await submit(tasks, { slaves: [slave] });
  expect(lines.map(({ status }) => status)).toEqual([
    "COMPLETED",
    ...deaths.map(() => "FAILED"),
    "COMPLETED",
  ]);
  for (const [at, signal] of deaths.entries()) {
    expect(lines[at + 1]).toMatchObject({ attempts: 1, error: { code: "worker.exited" } });
    expect(lines[at + 1]?.error?.message).toContain(signal);
  }
  expect(code).toBe(6);
  await until(async () => (await statusOf(slave)).workers.length === 2, { what: "two workers" });
  const now = (await statusOf(slave)).workers.map(({ pid }) => pid);
  expect(now).not.toEqual(workers.map(({ pid }) => pid));
  expect((await submit([{ add: [1, 1] }], { slaves: [slave] })).code).toBe(0);
});

test("--max-tasks-per-worker replaces a worker, and no task notices", async () => {
  await using slave = await startSlave(JOBS, ["--max-tasks-per-worker", "2"]);
  const { code, lines } = await submit(Array(6).fill({ context: true }), { slaves: [slave] });
  expect(new Set(lines.map(({ result }) => (result as { pid: number }).pid)).size).toBe(3);
  expect(lines.every(({ status, attempts }) => status === "COMPLETED" && attempts === 1)).toBe(
    true,
  );
  expect(code).toBe(0);
});

test("a master that comes before the workers are ready waits for them, longer than for a connection", async () => {
  await using folder = await tempFolder();
  const source = `import { existsSync } from "node:fs";
    while (!existsSync(${JSON.stringify(folder.file("gate"))})) await new Promise((next) => setTimeout(next, 10));
    export default (n) => 2 * n;`;
  const port = await freePort();
  const plugin = await folder.write("slow.ts", source);
  const words = ["slave", "--channel", CHANNEL, "--plugin", plugin, "--json", `--port=${port}`];
  await using slave = spawnDing(words, { runtime: "binary" });
  const live = async (): Promise<boolean> =>
    (await fetch(`http://127.0.0.1:${port}/health/live`)).ok;
  await until(live, { what: "a slave that listens" });
  const startedMs = performance.now();
  const file = await folder.write("task.json", "21");
  const to = { slaves: [{ address: `127.0.0.1:${port}` }], args: ["--connect-timeout-ms", "1500"] };
  await using master = spawnSubmit(file, to);
  await until(() => performance.now() - startedMs > 3_000, { what: "the connect timeout" });
  expect([master.hasExited, slave.stdout]).toEqual([false, ""]);
  await folder.write("gate", "open");
  const { code, stdout } = await master.waitForExit();
  expect(parseLines(stdout)).toMatchObject([{ status: "COMPLETED", result: 42, attempts: 1 }]);
  expect(code).toBe(0);
});

/** What becomes of four tasks that come at once, by the options of the slave. */
const MODES: [args: string[], accepted: number, running: number, queued: number][] = [
  [[], 1, 1, 0],
  [["--concurrency", "2"], 2, 2, 0],
  [["--mode", "queue"], 4, 1, 3],
  [["--mode", "queue", "--concurrency", "2", "--queue-limit", "1"], 3, 2, 1],
];

for (const [args, accepted, running, queued] of MODES) {
  test(`ding slave ${args.join(" ")} takes ${accepted} of four tasks that come at once`, async () => {
    using master = new FakeMaster();
    await using folder = await tempFolder();
    await using slave = await startSlave(JOBS, args);
    const caller = new SlaveCaller(slave.port, { channel: CHANNEL, token: "t" });
    await caller.connect(master);
    const task = { gate: folder.file("gate") };
    const tasks = Array.from({ length: 4 }, () => caller.newTask(randomUUID(), task));
    const codes = (await Promise.all(tasks))
      .map(({ code }) => code)
      .toSorted((one, other) => one - other);
    expect(codes).toEqual([...Array(accepted).fill(0), ...Array(4 - accepted).fill(601)]);
    expect(await statusOf(slave)).toMatchObject({ running, queued });
    await folder.write("gate", "open");
    await until(() => master.results.length === accepted, { what: "the results" });
    expect((await caller.disconnect()).status).toBe(200);
  });
}

for (const runtime of ["bun", "deno"] as const) {
  test(`${runtime} runs the example that is line for line the ancestor's`, () => {
    const [command, ...words] = commandOf(runtime);
    const args = [...words.slice(0, -1), "examples/sum/main.ts"];
    const { status, stdout } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "sum: all as documented\n" });
  });
}
