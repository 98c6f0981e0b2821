import { expect, test } from "bun:test";
import { ding, spawnDing } from "../support/ding.ts";
import { freePort } from "../support/free-port.ts";
import { CHANNEL, JOBS, startSlave, statusOf } from "../support/slave.ts";
import { jsonLines, parseLines, spawnSubmit, submit } from "../support/submit.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const SUMS = Array.from({ length: 12 }, (_, at) => ({ add: [at, at] }));

test("--listen takes in slaves that dial in with --join; --min-slaves waits for them", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("tasks.jsonl", jsonLines(SUMS.map(() => ({ waitMs: 50 }))));
  const port = await freePort();
  const args = ["--listen", `127.0.0.1:${port}`, "--min-slaves", "2"];
  await using master = spawnSubmit(file, { slaves: [], args });
  await until(() => master.stderr.includes(`Slaves may join at 127.0.0.1:${port}`));
  const join = ["--join", `127.0.0.1:${port}`];
  await using first = await startSlave(JOBS, [...join, "--name", "n1"]);
  await until(async () => (await statusOf(first)).master !== null, {
    what: "the first one joined",
  });
  expect((await statusOf(first)).running).toBe(0); // one is not enough
  await using second = await startSlave(JOBS, [...join, "--name", "n2"]);
  const { code, stdout } = await master.waitForExit();
  expect(parseLines(stdout)).toHaveLength(SUMS.length);
  expect([...new Set(parseLines(stdout).map(({ slave }) => slave))].toSorted()).toEqual([
    "n1",
    "n2",
  ]);
  expect(code).toBe(0);
  // They go on waiting for the next master at that address.
  const next = await submit(SUMS, { slaves: [], args });
  expect([next.code, next.lines.length]).toEqual([0, SUMS.length]);
  expect((await second.stop()).code).toBe(0);
  expect((await first.stop()).code).toBe(0);
});

test("a second master is told that the slave has one, and gets it when that has gone", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave();
  const file = await folder.write("task.json", { gate: folder.file("gate") });
  await using first = spawnSubmit(file, { slaves: [slave] });
  await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
  await using second = spawnSubmit(await folder.write("sum.json", { add: [2, 3] }), {
    slaves: [slave],
  });
  await until(() => second.stderr.includes("Slave is already connected"), {
    what: "word of the first master",
  });
  await folder.write("gate", "open");
  expect(parseLines((await second.waitForExit()).stdout)).toMatchObject([
    { status: "COMPLETED", result: { sum: 5 } },
  ]);
  expect((await first.waitForExit()).code).toBe(0);
  await using third = spawnSubmit(await folder.write("long.json", { gate: folder.file("none") }), {
    slaves: [slave],
  });
  await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
  const impatient = await submit([1], { slaves: [slave], args: ["--connect-timeout-ms", "300"] });
  expect([impatient.code, impatient.stdout]).toEqual([5, ""]);
  expect((await third.stop("SIGINT")).code).toBe(130);
});

test("ding slave whose port is in use says so, with a way out", async () => {
  await using slave = await startSlave();
  const words = [
    "slave",
    "--channel",
    CHANNEL,
    "--plugin",
    JOBS,
    "--port",
    `${slave.port}`,
    "--json",
  ];
  const { code, stdout, stderr } = await ding(words, { runtime: "binary" });
  expect(stderr).toBe(
    `ding: Cannot listen on ${slave.address}: address in use\nPass --port 0 for a free port, or stop what listens there.\n`,
  );
  expect([code, stdout]).toEqual([1, ""]);
  const args = ["master", "submit", "-", "--listen", slave.address];
  const master = await ding(args, { runtime: "binary", input: "1" });
  expect(master.stderr).toContain(`Cannot listen on ${slave.address}: address in use`);
  expect(master.code).toBe(1);
});

test("ding master cancel ends a task on a slave; an unknown id is told", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave(JOBS, ["--cancel-grace-ms", "100"]);
  const run = { runtime: "binary" } as const;
  const words = ["master", "cancel", "--slave", slave.address];
  const unknown = await ding([...words, "no-such-task"], run);
  expect(unknown.stdout).toBe(`${slave.address}  has no such task\n`);
  expect(unknown.code).toBe(1);
  await using master = spawnDing(
    [
      "master",
      "submit",
      await folder.write("task.json", { spin: true }),
      "--json",
      "-s",
      slave.address,
    ],
    run,
  );
  await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
  const [task] = (await statusOf(slave)).tasks;
  const cancelled = await ding([...words, task?.id ?? ""], run);
  expect([cancelled.code, cancelled.stderr]).toEqual([0, ""]);
  const { code, stdout } = await master.waitForExit();
  expect(parseLines(stdout)).toMatchObject([{ id: task?.id, status: "CANCELLED" }]);
  expect(code).toBe(6);
});
