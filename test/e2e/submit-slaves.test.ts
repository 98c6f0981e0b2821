import { expect, test } from "bun:test";
import { cuttingProxy } from "../support/cutting-proxy.ts";
import { freePort } from "../support/free-port.ts";
import { JOBS, startSlave, statusOf, type StartedSlave } from "../support/slave.ts";
import { jsonLines, parseLines, spawnSubmit, submit } from "../support/submit.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const SUMS = Array.from({ length: 12 }, (_, at) => ({ add: [at, at] }));

function slavesOf(lines: { slave: string }[]): string[] {
  return [...new Set(lines.map(({ slave }) => slave))].toSorted();
}

async function twoSlaves(args: string[] = []): Promise<[StartedSlave, StartedSlave]> {
  return await Promise.all([startSlave(JOBS, args), startSlave(JOBS, args)]);
}

/** How often a task with this mark has begun. */
async function marksIn(file: string): Promise<string[]> {
  const text = await Bun.file(file)
    .text()
    .catch(() => "");
  return text.split("\n").filter(Boolean);
}

test("--slave takes ranges, and --slave-file a list with comments", async () => {
  const port = `${await freePort()}`;
  await using stack = new AsyncDisposableStack();
  const hosts = ["127.0.0.2", "127.0.0.3", "127.0.0.5"];
  for (const host of hosts) stack.use(await startSlave(JOBS, ["--host", host, "--port", port]));
  const tasks = Array.from({ length: 9 }, () => ({ waitMs: 50 }));
  const addresses = hosts.map((host) => `${host}:${port}`);
  // One of them may have done everything before another one is connected.
  const all = ["--min-slaves", "3"];
  const range = await submit(tasks, {
    slaves: [{ address: `127.0.0.[2-3,5]:${port}` }],
    args: all,
  });
  expect(slavesOf(range.lines)).toEqual(addresses);
  expect(range.code).toBe(0);
  await using folder = await tempFolder();
  const text = `# mine\n127.0.0.[2-3]:${port}   # two of them\n\n127.0.0.5:${port}\n`;
  const args = [...all, "--slave-file", await folder.write("slaves", text)];
  expect(slavesOf((await submit(tasks, { slaves: [], args })).lines)).toEqual(addresses);
  const bad = await submit([1], { slaves: [{ address: "n[3-1]:7236" }] });
  expect([bad.code, bad.stdout]).toEqual([2, ""]);
  expect(bad.stderr).toContain('Cannot use slave "n[3-1]:7236"');
});

test("a slave that refuses because it is busy costs nothing: its tasks wait or go elsewhere", async () => {
  const [one, other] = await twoSlaves();
  await using stack = new AsyncDisposableStack();
  stack.use(one);
  stack.use(other);
  const { code, lines } = await submit(
    Array.from({ length: 20 }, () => ({ waitMs: 20 })),
    { slaves: [one, other], args: ["--in-flight", "5", "--retries", "0", "--min-slaves", "2"] },
  );
  expect(code).toBe(0);
  expect(lines.every(({ status, attempts }) => status === "COMPLETED" && attempts === 1)).toBe(
    true,
  );
  expect(slavesOf(lines)).toHaveLength(2);
});

test("a slave that is not there is told of, and the others do its work", async () => {
  await using slave = await startSlave();
  const gone = { address: `127.0.0.1:${await freePort()}` };
  const { code, lines, stderr } = await submit(SUMS, { slaves: [gone, slave] });
  expect(slavesOf(lines)).toEqual([slave.address]);
  expect(lines).toHaveLength(SUMS.length);
  expect(stderr).toContain(`Slave ${gone.address} cannot be used yet`);
  expect(code).toBe(0);
});

test("the tasks of a slave that is killed are tried again on another one", async () => {
  await using folder = await tempFolder();
  const [victim, other] = await twoSlaves();
  await using stack = new AsyncDisposableStack();
  stack.use(victim);
  stack.use(other);
  const [mark, gate] = [folder.file("mark"), folder.file("gate")];
  const tasks = [{ mark, gate }, { mark, gate }, ...SUMS];
  const file = await folder.write("tasks.jsonl", jsonLines(tasks));
  await using master = spawnSubmit(file, { slaves: [victim, other] });
  await until(async () => (await statusOf(victim)).running === 1, { what: "work for the victim" });
  // Handed to a worker is not yet begun.
  await until(async () => (await marksIn(mark)).length === 2, { what: "both tasks to begin" });
  victim.kill("SIGKILL");
  await victim.waitForExit();
  await folder.write("gate", "open");
  const { code, stdout, stderr } = await master.waitForExit();
  const lines = parseLines(stdout);
  expect(lines.map(({ status }) => status)).toEqual(Array(tasks.length).fill("COMPLETED"));
  expect(lines.filter(({ attempts }) => attempts === 2)).toMatchObject([
    { slave: other.address, result: { attempt: 2 } },
  ]);
  expect(stderr).toContain(`Slave ${victim.address} is lost`);
  expect(code).toBe(0);
  expect(await marksIn(mark)).toHaveLength(3);
});

test("a slave that is asked to stop finishes what it has, and the others do the rest", async () => {
  await using folder = await tempFolder();
  const [leaver, other] = await twoSlaves(["--concurrency", "2"]);
  await using stack = new AsyncDisposableStack();
  stack.use(leaver);
  stack.use(other);
  const tasks = Array.from({ length: 304 }, (_, at) => ({ waitMs: at < 4 ? 1_000 : 5 }));
  const file = await folder.write("tasks.jsonl", jsonLines(tasks));
  const to = { slaves: [leaver, other], args: ["--retries", "0", "--min-slaves", "2"] };
  await using master = spawnSubmit(file, to);
  await until(async () => (await statusOf(leaver)).running === 2, { what: "work for the leaver" });
  leaver.kill("SIGTERM");
  const { code, stdout } = await master.waitForExit();
  const lines = parseLines(stdout);
  expect(lines).toHaveLength(tasks.length);
  expect(lines.every(({ status, attempts }) => status === "COMPLETED" && attempts === 1)).toBe(
    true,
  );
  expect(code).toBe(0);
  expect((await leaver.waitForExit()).code).toBe(0);
});

test("a slave that comes back at its old address is used again", async () => {
  await using folder = await tempFolder();
  const port = `${await freePort()}`;
  const file = await folder.write(
    "tasks.jsonl",
    jsonLines([{ gate: folder.file("gate") }, ...SUMS]),
  );
  await using slave = await startSlave(JOBS, ["--port", port]);
  await using master = spawnSubmit(file, { slaves: [slave] });
  await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
  slave.kill("SIGKILL");
  await slave.waitForExit();
  await using again = await startSlave(JOBS, ["--port", port]);
  await folder.write("gate", "open");
  const { code, stdout } = await master.waitForExit();
  expect(parseLines(stdout)).toHaveLength(SUMS.length + 1);
  expect(parseLines(stdout)[0]).toMatchObject({ status: "COMPLETED", attempts: 2 });
  expect((await statusOf(again)).counts["completed"]).toBe(SUMS.length + 1);
  expect(code).toBe(0);
});

test("without --retries a lost task is LOST; the job ends when no slave is left", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave();
  const file = await folder.write("tasks.jsonl", jsonLines([{ spin: true }, ...SUMS]));
  const args = ["--retries", "0", "--connect-timeout-ms", "500"];
  await using master = spawnSubmit(file, { slaves: [slave], args });
  await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
  slave.kill("SIGKILL");
  const { code, stdout, stderr } = await master.waitForExit(20_000);
  expect(parseLines(stdout)).toMatchObject([{ index: 0, status: "LOST", attempts: 1 }]);
  expect(stderr).toContain("Cannot go on: no slave came back within 2000 ms");
  expect(code).toBe(5);
});

test("a connection that breaks is taken up again: nothing is lost and nothing runs twice", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave(JOBS, ["--concurrency", "2"]);
  await using wire = await cuttingProxy(slave.port);
  const mark = folder.file("mark");
  const tasks = Array.from({ length: 8 }, (_, at) => ({ mark, gate: folder.file(`gate-${at}`) }));
  const open = async (...places: number[]): Promise<void> => {
    for (const at of places) await folder.write(`gate-${at}`, "open");
  };
  const file = await folder.write("tasks.jsonl", jsonLines(tasks));
  await using master = spawnSubmit(file, { slaves: [wire], args: ["--retries", "0"] });
  // A result that has come shows that there is a connection to cut.
  for (const done of [2, 4, 6]) {
    await open(done - 2, done - 1);
    await until(() => parseLines(master.stdout).length === done, { what: `${done} results` });
    wire.cut();
  }
  await open(6, 7);
  const { code, stdout, stderr } = await master.waitForExit();
  const lines = parseLines(stdout);
  expect(lines.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(lines.every(({ status, attempts }) => status === "COMPLETED" && attempts === 1)).toBe(
    true,
  );
  expect(await marksIn(mark)).toHaveLength(tasks.length);
  expect(wire.accepted).toBeGreaterThan(3);
  expect(stderr).not.toContain("is lost");
  expect(code).toBe(0);
  expect((await statusOf(slave)).counts).toMatchObject({ completed: 8, cancelled: 0 });
});
