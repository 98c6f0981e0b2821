import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { delay } from "../../src/core/wait.ts";
import { ding, spawnDing, type RunResult } from "../support/ding.ts";
import { freePort } from "../support/free-port.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";
import { linesOf, numbers, Rack } from "../integration/submit/rack.ts";

interface Sum {
  a: number;
  b: number;
}

/** The ancestor's example: adds a and b; waits for ever on request. */
async function work(task: Partial<Sum> & { ms?: number }, context: never): Promise<unknown> {
  const { signal } = context as { signal: AbortSignal };
  if (task.ms) await delay(task.ms, signal);
  if (task.a === undefined || task.b === undefined) throw new Error("A or B not found");
  return { sum: task.a + task.b };
}

const rackOf = (count: number): Promise<Rack> => Rack.of(count, work as never);
const slaveFlags = (rack: Rack): string[] => rack.addresses.flatMap((one) => ["--slave", one]);

test("ding master submit shows each result as JSON, and how many ended how", async () => {
  await using rack = await rackOf(2);
  const input = linesOf([
    { a: 2, b: 3 },
    { a: 0, b: 0 },
  ]);
  const result = await ding(["master", "submit", "-", ...slaveFlags(rack)], { input });
  expect(result).toMatchObject({ code: 0 });
  const [first, second, counts] = result.stdout.split("\n");
  expect([first, second]).toEqual(['0  COMPLETED  {"sum":5}', '1  COMPLETED  {"sum":0}']);
  expect(counts).toMatch(/^2 tasks in [\d.]+ s: 2 completed$/);
  expect(result.stderr).toContain("Using channel 233, as slave");
});

test("ding master submit ends with 6 when a task failed, and says why", async () => {
  await using rack = await rackOf(1);
  const input = '[{"a": 2, "b": 3}, {"a": 2, "bb": 3}]';
  const result = await ding(["master", "submit", "-", ...slaveFlags(rack)], { input });
  expect(result.code).toBe(6);
  expect(result.stdout).toContain("1  FAILED     null  A or B not found");
  expect(result.stdout).toContain("1 completed, 1 failed");
});

test("ding master submit --json prints one object per task and nothing else", async () => {
  await using rack = await rackOf(2);
  await using folder = await tempFolder();
  const out = folder.file("results.jsonl");
  const input = linesOf(numbers(50).map((a) => (a === 7 ? { a } : { a, b: 1 })));
  const args = ["master", "submit", "-", "--json", "--out", out, ...slaveFlags(rack)];
  const result = await ding(args, { input });
  expect(result.code).toBe(6);
  const lines = result.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ index }) => index).sort((a, b) => a - b)).toEqual(numbers(50));
  const keys = ["attempts", "id", "index", "ms", "result", "slave", "status"];
  for (const line of lines) {
    const hasFailed = line.index === 7;
    expect(Object.keys(line).sort()).toEqual([...keys, ...(hasFailed ? ["error"] : [])].sort());
    expect(line.status).toBe(hasFailed ? "FAILED" : "COMPLETED");
    if (!hasFailed) expect(line.result).toEqual({ sum: line.index + 1 });
  }
  expect(await readFile(out, "utf8")).toBe(result.stdout);
  expect(result.stderr).toContain("49 completed, 1 failed");
});

test("ding master submit takes slaves from variables and the config file, and the rest by default", async () => {
  await using rack = await rackOf(2);
  await using folder = await tempFolder();
  const [first = "", second = ""] = rack.addresses;
  await folder.write("ding.config.json", { master: { slave: [first] } });
  await folder.write("task.json", { a: 1, b: 1 });
  const run = async (args: string[], env = {}): Promise<string> => {
    const words = ["master", "submit", "task.json", "--json", ...args];
    const { code, stdout, stderr } = await ding(words, { cwd: folder.path, env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return (JSON.parse(stdout) as { slave: string }).slave;
  };
  expect(await run([])).toBe(first);
  expect(await run([], { DING_MASTER_SLAVE: second })).toBe(second);
  await folder.write("slaves", `${second}  # the other one\n`);
  expect(await run(["--slave-file", "slaves"])).toBe(second);
  expect(await run(["--slave", second])).toBe(second);
});

test("ding master submit ends with 5 within the connect timeout when no slave is there", async () => {
  const slave = `127.0.0.1:${await freePort()}`;
  for (const channel of [["--channel", "233"], []]) {
    const run = async (timeoutMs: number): Promise<RunResult & { tookMs: number }> => {
      const startedAt = performance.now();
      const timeout = ["--connect-timeout-ms", `${timeoutMs}`];
      const words = ["master", "submit", "-", "--slave", slave, ...timeout, ...channel];
      const ended = await ding(words, { input: "1" });
      return { ...ended, tookMs: performance.now() - startedAt };
    };
    const result = await run(500);
    expect(result.code).toBe(5);
    expect(result.stdout).toBe("");
    expect(result.stderr).toMatch(
      /Cannot run tasks: no slave is reachable within 500 ms: .*refused/,
    );
    // Less than by default, whatever it takes here to start and to end.
    expect(result.tookMs - (await run(1)).tookMs).toBeLessThan(4_500);
  }
});

const USAGE: [args: string[], input: string, message: RegExp][] = [
  [["submit"], "", /Cannot start without FILE/],
  [["submit", "no.json"], "", /Cannot read tasks from "no\.json": no such file/],
  [["submit", "-"], "", /Cannot read tasks from standard input: it is empty/],
  [["submit", "-"], "[1,", /line 1, column 4/],
  [["submit", "-", "--slave", "n[9-1]"], "1", /range 9-1 runs backwards/],
  [["submit", "-", "--slave-file", "no"], "1", /Cannot read slave file "no"/],
  [["submit", "-", "--min-slaves", "3"], "1", /Cannot wait for 3 slaves: only 1/],
  [["submit", "-", "--resume", "package.json"], "1", /Cannot resume/],
  [["submit", "-", "--listen", "0.0.0.0:0"], "1", /without a token/],
  [["submit", "-", "--retries", "-1"], "1", /--retries/],
  [["submit", "-", "--slvae", "n1"], "1", /no such option/],
  [["cancel"], "", /neither TASK nor --all/],
  [["cancel", "x", "--all"], "", /exclude each other/],
  [["stats"], "", /no such command/],
];

test("ding master ends with 2 and says what is wrong with its words and its input", async () => {
  await Promise.all(
    USAGE.map(async ([args, input, message]) => {
      const { code, stdout, stderr } = await ding(["master", ...args], {
        input,
        timeoutMs: 100_000,
      });
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: "" });
      expect(stderr).toMatch(message);
    }),
  );
});

test("ding master submit, once interrupted, cancels what runs and ends with 130; --resume does the rest", async () => {
  await using rack = await rackOf(1);
  await using folder = await tempFolder();
  const tasks = numbers(6).map((a) => ({ a, b: 0, ...(a === 3 && { ms: 60_000 }) }));
  await folder.write("tasks.jsonl", linesOf(tasks));
  const options = { cwd: folder.path };
  const common = ["tasks.jsonl", ...slaveFlags(rack)];
  await using running = spawnDing(["master", "submit", ...common, "--out", "r.jsonl"], options);
  const [slave] = rack.slaves;
  await until(() => slave?.status().counts.completed === 3 && slave.status().running === 1);
  running.kill("SIGINT");
  const { code, stderr } = await running.waitForExit();
  expect(code).toBe(130);
  expect(stderr).toContain("Go on with --resume r.jsonl");
  expect(slave?.status()).toMatchObject({ running: 0, counts: { cancelled: 1 } });

  await folder.write(
    "tasks.jsonl",
    linesOf(numbers(6).map((a) => ({ a, b: 0, ms: a === 3 ? 1 : 0 }))),
  );
  const other = await ding(["master", "submit", ...common, "--resume", "r.jsonl"], options);
  expect(other.code).toBe(2); // what the tasks are is part of what they are known by
  await folder.write(
    "tasks.jsonl",
    linesOf([...tasks.slice(0, 3), { a: 3, b: 0 }, ...tasks.slice(4)]),
  );
  const rest = await ding(["master", "submit", ...common, "--resume", "r.jsonl"], options);
  expect(rest.code).toBe(0);
  expect(rest.stdout).toMatch(/6 tasks in .*: 6 completed \(3 of them in an earlier run\)/);
  const lines = (await readFile(folder.file("r.jsonl"), "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { index: number }).index)).toEqual(numbers(6));
});

test("ding master ping, status and cancel look after slaves", async () => {
  await using rack = await rackOf(2);
  const [busy = "", idle = ""] = rack.addresses;
  const submitted = ding(["master", "submit", "-", "--slave", busy, "--json"], {
    input: '{"a": 1, "b": 1, "ms": 60000}',
  });
  await until(() => rack.slaves[0]?.status().running === 1);

  const ping = await ding(["master", "ping", "--slave", busy, "--slave", idle]);
  expect(ping.code).toBe(0);
  expect(ping.stdout).toMatch(/^\S+ {2}alive {2}slave {2}channel 233 {2}.* ms$/m);
  const missing = `127.0.0.1:${await freePort()}`;
  const pingAll = await ding(["master", "ping", "--slave", missing, "--slave", idle, "--json"]);
  expect(pingAll.code).toBe(5);
  const [gone, alive] = pingAll.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(gone).toMatchObject({ slave: missing, error: { code: "network.refused" } });
  expect(alive).toMatchObject({ slave: idle, alive: true, role: "slave", channel: 233 });

  const status = await ding(["master", "status", "--slave", busy, "--slave", idle]);
  expect(status.code).toBe(0);
  const [head, first] = status.stdout.split("\n");
  expect(head).toMatch(/^slave +state +plugin +channel +running/);
  expect(first).toMatch(/ running .* 233 +1\/1 /);
  const data = await ding(["master", "status", "--slave", busy, "--json"]);
  const { tasks, slave } = JSON.parse(data.stdout) as { tasks: { id: string }[]; slave: string };
  expect({ slave, count: tasks.length }).toEqual({ slave: busy, count: 1 });

  const unknown = await ding(["master", "cancel", "nothing", "--slave", idle]);
  expect(unknown).toMatchObject({ code: 1, stdout: `${idle}  has no such task\n` });
  const id = tasks[0]?.id ?? "";
  const cancel = await ding(["master", "cancel", id, "--slave", busy, "--slave", idle]);
  expect(cancel.code).toBe(0);
  expect(cancel.stdout).toBe(`${busy}  1 cancelled\n${idle}  has no such task\n`);
  const { code, stdout } = await submitted;
  expect(code).toBe(6);
  expect(JSON.parse(stdout)).toMatchObject({ id, status: "CANCELLED" });
});

test("ding master commands show the token that they were given", async () => {
  await using rack = await Rack.of(1, work as never, { token: "very-secret" });
  const slave = slaveFlags(rack);
  const env = { DING_TOKEN: "very-secret" };
  for (const args of [["ping"], ["status"], ["submit", "-"]]) {
    const stranger = await ding(["master", ...args, ...slave], { input: '{"a": 1, "b": 1}' });
    const guest = await ding(["master", ...args, ...slave], { input: '{"a": 1, "b": 1}', env });
    expect(guest.code).toBe(0);
    expect(guest.stdout + guest.stderr).not.toContain("very-secret");
    if (args[0] === "ping") expect(stranger.stdout).toContain("alive");
    else expect(stranger).toMatchObject({ code: 4 });
  }
});

test("ding master submit keeps no task in memory that has ended", async () => {
  await using rack = await Rack.of(1, (() => 0) as never, { concurrency: 4 });
  await using folder = await tempFolder();
  const line = `${JSON.stringify({ text: "x".repeat(20_000) })}\n`;
  const file = await folder.write("tasks.jsonl", line.repeat(10_000));
  const args = ["master", "submit", file, "--out", folder.file("r.jsonl"), ...slaveFlags(rack)];
  await using running = spawnDing(args);
  let peakKiB = 0;
  while (!running.hasExited) {
    const status = await readFile(`/proc/${running.pid}/status`, "utf8").catch(() => "");
    peakKiB = Math.max(peakKiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    await delay(20);
  }
  expect((await running.exited).code).toBe(0);
  expect(peakKiB).toBeGreaterThan(0);
  expect(peakKiB).toBeLessThan(250 * 1_024); // 200 MB of tasks went through
}, 120_000);
