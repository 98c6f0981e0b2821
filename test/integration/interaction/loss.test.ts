import { afterAll, expect, test } from "bun:test";
import type { Task } from "../../../src/master/task.ts";
import { askStatus, connect, endOf, startMaster } from "../../support/interaction.ts";
import { spawnDing } from "../../support/ding.ts";
import { CHANNEL, startSlave, type StartedSlave } from "../../support/slave.ts";
import { until } from "../../support/until.ts";

const PLUGIN = `${import.meta.dir}/fixtures/tricks.ts`;
const channel = Number(CHANNEL);
/** A machine that does other work besides takes longer; the figures are printed. */
const AT_ONCE_MS = 1_000;
const figures: string[] = [];

const startNode = (...args: string[]): Promise<StartedSlave> =>
  startSlave(PLUGIN, args, { runtime: "bun" });

afterAll(() => console.error(figures.map((figure) => `  ${figure}`).join("\n")));

/** How long something took; the issue wants less than 100 ms on a quiet machine. */
async function timed(what: string, run: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await run();
  const ms = performance.now() - since;
  figures.push(`${what}: ${ms.toFixed(1)} ms`);
  return ms;
}

const waiting = { do: "wait for abort" };

test("kill -9 of a slave: its task is LOST at once, its name is free", async () => {
  await using slave = await startNode();
  await using master = await startMaster({ channel });
  const connection = await connect(master, slave);
  const task = await connection.newTask(waiting).start();
  const failed: unknown[] = [];
  task.onFail((data, result) => failed.push([data, result]));
  const ms = await timed("kill -9 of a slave, seen by its master", async () => {
    slave.kill("SIGKILL");
    await task.join();
  });
  expect(endOf(task)).toEqual(["LOST", undefined, expect.stringContaining('Slave "s" is lost')]);
  expect([failed, connection.isConnected, master.has("s")]).toEqual([
    [[waiting, undefined]],
    false,
    false,
  ]);
  expect(ms).toBeLessThan(AT_ONCE_MS);
});

test("a slave that is killed and started again on its port: LOST, then a fresh connection works", async () => {
  const first = await startNode();
  await using master = await startMaster({ channel });
  const connection = await connect(master, first);
  const task = await connection.newTask(waiting).start();
  first.kill("SIGKILL");
  await first[Symbol.asyncDispose]();
  await using second = await startNode("--port", `${first.port}`);
  await task.join();
  expect(task.status).toBe("LOST");
  expect(second.port).toBe(first.port);
  await connection.connect();
  expect((await connection.newTask({ do: "echo", value: 2 }).start().join()).result).toBe(2);
});

test("SIGSTOP of a slave: LOST after the tolerance; SIGCONT later does no harm", async () => {
  await using slave = await startNode("--mode", "queue");
  await using master = await startMaster({ channel, heartbeatMs: 50, toleranceMs: 400 });
  const connection = await connect(master, slave);
  const task = await connection.newTask(waiting).start();
  const ms = await timed("SIGSTOP of a slave, tolerance 400 ms", async () => {
    slave.kill("SIGSTOP");
    await task.join();
  });
  expect([task.status, ms > 300]).toEqual(["LOST", true]);
  slave.kill("SIGCONT");
  const next = await until(() => connect(master, slave, "next").catch(() => undefined), {
    what: "another connection",
  });
  expect((await next.newTask({ do: "echo", value: 1 }).start().join()).result).toBe(1);
  expect((await askStatus(slave)).counts).toMatchObject({ cancelled: 1, completed: 1 });
});

test("SIGSTOP of a slave for less than the tolerance: nothing is lost", async () => {
  await using slave = await startNode();
  await using master = await startMaster({ channel, toleranceMs: 10_000 });
  const connection = await connect(master, slave);
  slave.kill("SIGSTOP");
  const task = connection.newTask({ do: "echo", value: "after the pause" });
  const starting = task.start();
  slave.kill("SIGCONT");
  await starting;
  expect((await task.join()).result).toBe("after the pause");
});

test("kill -9 of a master: the slave sees it at once, takes the next one, and the old task is cancelled", async () => {
  await using slave = await startNode("--mode", "queue");
  await using submit = spawnDing(
    ["master", "submit", "-", "--channel", CHANNEL, "--slave", slave.address, "--json"],
    { input: JSON.stringify(waiting) },
  );
  await until(async () => (await askStatus(slave)).running === 1, {
    timeoutMs: 15_000,
    what: "the task of the other master",
  });
  const ms = await timed("kill -9 of a master, seen by its slave", async () => {
    submit.kill("SIGKILL");
    await until(async () => (await askStatus(slave)).master?.away, {
      what: "a master that is away",
      everyMs: 1,
    });
  });
  expect(ms).toBeLessThan(AT_ONCE_MS);
  await using master = await startMaster({ channel });
  const connection = await connect(master, slave);
  expect((await connection.newTask({ do: "echo", value: 1 }).start().join()).result).toBe(1);
  const { counts } = await askStatus(slave);
  expect(counts).toMatchObject({ cancelled: 1, completed: 1 });
  await until(() => slave.stderr.includes("lost master"), { what: "the hook lostConnection" });
});

test("SIGTERM of a slave under load: what runs finishes, its results arrive, then it leaves with 0", async () => {
  await using slave = await startNode("--mode", "queue", "--concurrency", "2");
  await using master = await startMaster({ channel });
  const connection = await connect(master, slave);
  const tasks: Task[] = Array.from({ length: 50 }, (_, value) =>
    connection.newTask({ do: "echo", value }),
  );
  await Promise.all(tasks.map((task) => task.start()));
  const { code } = await slave.stop();
  expect(code).toBe(0);
  expect(tasks.map((task) => endOf(task))).toEqual(tasks.map((_, value) => ["COMPLETED", value]));
});
