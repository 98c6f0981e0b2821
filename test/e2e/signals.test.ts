import { expect, test } from "bun:test";
import { spawnDing } from "../support/ding.ts";
import { freePort } from "../support/free-port.ts";
import { signalGroup } from "../support/process-group.ts";
import { startSlave, statusOf } from "../support/slave.ts";
import { spawnSubmit, parseLines } from "../support/submit.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

/** Far less than the drain time. */
const SOON_MS = 15_000;
/** Loads for longer than any test waits. */
const NEVER_LOADS =
  "await new Promise((resolve) => setTimeout(resolve, 600_000)); export default () => 1;";

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} during start ends a slave with 0, though its plugin never loads`, async () => {
    await using folder = await tempFolder();
    const plugin = await folder.write("slow.ts", NEVER_LOADS);
    const port = await freePort();
    const args = ["slave", "--plugin", plugin, "--port", `${port}`, "--json"];
    await using slave = spawnDing(args, { runtime: "binary" });
    const health = async (path: string): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}/health/${path}`)).status;
    await until(async () => (await health("live")) === 200, { what: "a slave that listens" });
    expect(await health("ready")).toBe(503);
    const { code, stdout } = await slave.stop(signal, SOON_MS);
    expect(code).toBe(0);
    expect(stdout).toBe(""); // it was never ready
  });
}

test("SIGTERM under load lets the task finish and delivers its result", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("task.json", { gate: folder.file("gate") });
  await using slave = await startSlave();
  await using master = spawnSubmit(file, { slaves: [slave] });
  await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
  slave.kill("SIGTERM");
  await until(() => slave.stderr.includes("is stopping"), { what: "a slave that drains" });
  await folder.write("gate", "open");
  const { code, stdout } = await master.waitForExit();
  expect(parseLines(stdout)).toMatchObject([{ status: "COMPLETED", attempts: 1 }]);
  expect(code).toBe(0);
  expect((await slave.waitForExit(SOON_MS)).code).toBe(0);
});

test("SIGTERM under load ends what outlives --drain-timeout-ms", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("task.json", { spin: true });
  await using slave = await startSlave(undefined, [
    "--drain-timeout-ms=300",
    "--cancel-grace-ms=100",
  ]);
  await using master = spawnSubmit(file, { slaves: [slave], args: ["--retries", "0"] });
  await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
  const stopped = await slave.stop("SIGTERM", SOON_MS);
  expect(stopped.code).toBe(0);
  const { code, stdout } = await master.waitForExit();
  expect(["CANCELLED", "LOST", "FAILED"]).toContain(parseLines(stdout)[0]?.status ?? "");
  expect(code).toBe(6);
});

for (const { signal, exit } of [
  { signal: "SIGTERM", exit: 143 },
  { signal: "SIGINT", exit: 130 },
] as const) {
  test(`${signal} twice ends a slave at once with ${exit}, and its workers`, async () => {
    await using folder = await tempFolder();
    const file = await folder.write("task.json", { spin: true });
    await using slave = await startSlave();
    await using master = spawnSubmit(file, { slaves: [slave], args: ["--retries", "0"] });
    await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
    slave.kill(signal);
    await until(() => slave.stderr.includes("is stopping"), { what: "a slave that drains" });
    const { code } = await slave.insist(signal, SOON_MS);
    expect(code).toBe(exit);
    expect((await master.waitForExit()).code).toBe(6);
  });
}

test("Ctrl-C reaches the whole group, and the workers finish all the same", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("task.json", { gate: folder.file("gate") });
  await using slave = await startSlave();
  await using master = spawnSubmit(file, { slaves: [slave] });
  await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
  expect(signalGroup(slave.pid, "SIGINT")).toBe(true);
  await until(() => slave.stderr.includes("is stopping"), { what: "a slave that drains" });
  await folder.write("gate", "open");
  const { code, stdout } = await master.waitForExit();
  expect(parseLines(stdout)).toMatchObject([{ status: "COMPLETED", attempts: 1 }]);
  expect(code).toBe(0);
  expect((await slave.waitForExit(SOON_MS)).code).toBe(0);
});

test("SIGTERM ends ding master submit with 143, and the task on its slave", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("task.json", { waitMs: 60_000 });
  await using slave = await startSlave();
  await using master = spawnSubmit(file, { slaves: [slave] });
  await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
  const { code, stdout, stderr } = await master.stop("SIGTERM", SOON_MS);
  expect([code, stdout]).toEqual([143, ""]);
  expect(stderr).toContain("Stopped before all tasks were done");
  expect(await statusOf(slave)).toMatchObject({ running: 0, counts: { cancelled: 1 } });
});
