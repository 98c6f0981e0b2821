import { expect, test } from "bun:test";
import type { SlaveConnection } from "../../../src/master/connection.ts";
import type { MasterOptions } from "../../../src/master/master.ts";
import type { SlaveOptions } from "../../../src/slave/slave-options.ts";
import type { SlavePlugin } from "../../../src/slave/plugin.ts";
import {
  connect,
  endOf,
  Gate,
  recordLog,
  startMaster,
  startSlave,
} from "../../support/interaction.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { until } from "../../support/until.ts";

/** A slave, a proxy before it, and a master that is connected through the proxy. */
async function startThroughProxy(
  plugin: SlavePlugin | SlavePlugin["processTask"],
  options: { slave?: SlaveOptions; master?: MasterOptions } = {},
) {
  await using stack = new AsyncDisposableStack();
  const slave = stack.use(await startSlave(plugin, options.slave));
  const proxy = stack.use(await TcpProxy.open(slave.port));
  const master = stack.use(await startMaster(options.master));
  const connection = await connect(master, proxy);
  const kept = stack.move();
  return {
    slave,
    proxy,
    master,
    connection,
    [Symbol.asyncDispose]: async () => {
      // So that the goodbye arrives.
      proxy.resume();
      proxy.refuse(false);
      await kept.disposeAsync();
    },
  };
}

test("a cut during a task: the same slave goes on with the session, the task runs once", async () => {
  const gate = new Gate();
  let runs = 0;
  const log = recordLog();
  await using all = await startThroughProxy(
    async (task, ctx) => {
      runs += 1;
      ctx.progress("before");
      await gate.pass();
      ctx.progress("after");
      return task;
    },
    { master: { log } },
  );
  const { proxy, connection, slave } = all;
  const heard: unknown[] = [];
  const task = connection.newTask(5).onProgress((value) => heard.push(value));
  await task.start();
  proxy.cut();
  await until(() => log.text().includes("goes on"), { what: "the resumed connection" });
  expect([task.status, connection.isConnected]).toEqual(["STARTED", true]);
  gate.open();
  expect(endOf(await task.join())).toEqual(["COMPLETED", 5]);
  expect([runs, heard]).toEqual([1, ["before", "after"]]);
  expect(slave.status()).toMatchObject({ counts: { accepted: 1, completed: 1 } });
});

test("a result that is ready while the connection is cut arrives after it", async () => {
  const gate = new Gate();
  await using all = await startThroughProxy(async () => {
    await gate.pass();
    return "late";
  });
  const { proxy, connection, slave } = all;
  const task = await connection.newTask().start();
  proxy.refuse();
  proxy.cut();
  await until(() => slave.status().master?.away, { what: "the cut" });
  gate.open();
  await until(() => slave.status().counts.completed === 1, { what: "the result" });
  expect(task.status).toBe("STARTED");
  proxy.refuse(false);
  expect(endOf(await task.join())).toEqual(["COMPLETED", "late"]);
});

test("a task that is started while the connection is cut is sent when it is back", async () => {
  await using all = await startThroughProxy((task: number) => task + 1);
  const { proxy, connection } = all;
  proxy.refuse();
  proxy.cut();
  const task = connection.newTask(1);
  const starting = task.start();
  await until(() => proxy.accepted > 2, { what: "some dials in vain" });
  expect(task.status).toBe("STARTING");
  proxy.refuse(false);
  await starting;
  expect((await task.join()).result).toBe(2);
});

test("cuts again and again under 200 tasks: each runs once, each result comes once", async () => {
  const runs = new Map<number, number>();
  // Tasks may end ten by ten, so that there are cuts however fast they are.
  let allowed = 0;
  await using all = await startThroughProxy(
    async (task: number, ctx) => {
      runs.set(task, (runs.get(task) ?? 0) + 1);
      ctx.progress(task);
      await until(() => task < allowed, { everyMs: 1 + (task % 5), timeoutMs: 30_000 });
      return task * 2;
    },
    { slave: { mode: "queue", concurrency: 4 } },
  );
  const { proxy, connection } = all;
  const numbers = Array.from({ length: 200 }, (_, index) => index);
  const ends: number[] = [];
  const tasks = numbers.map((number) =>
    connection.newTask(number).onComplete((data) => ends.push(data as number)),
  );
  const done = Promise.all(tasks.map((task) => task.start().join()));
  for (let cuts = 0; cuts < 20; cuts++) {
    const dials = proxy.accepted;
    allowed += 10;
    // Some in the middle of the results, some before.
    await until(() => ends.length >= allowed - 10 + (cuts % 5));
    proxy.cut();
    await until(() => proxy.accepted > dials && ends.length >= allowed, {
      what: "ten more results",
    });
  }
  await done;
  expect(tasks.map(({ result }) => result)).toEqual(numbers.map((number) => number * 2));
  expect([...runs.values()].every((count) => count === 1)).toBe(true);
  expect([runs.size, ends.toSorted((one, other) => one - other)]).toEqual([200, numbers]);
  expect(connection.isConnected).toBe(true);
});

test("a large result crosses whole when the connection is cut in the middle of it", async () => {
  const bytes = new Uint8Array(20_000_000).fill(7);
  await using all = await startThroughProxy(() => bytes);
  const { proxy, connection } = all;
  const task = await connection.newTask().start();
  for (let cut = 0; cut < 3; cut++) {
    const dials = proxy.accepted;
    proxy.cut();
    await until(() => proxy.accepted > dials, { what: "another dial" });
  }
  await task.join();
  expect(Bun.deepEquals(task.result, bytes)).toBe(true);
});

test("a half-open connection, dead on the master's side only, is taken over by the new one", async () => {
  await using all = await startThroughProxy((task: number) => task);
  const { proxy, connection, slave } = all;
  await connection.newTask(1).start().join();
  proxy.cutHalf("near");
  expect((await connection.newTask(2).start().join()).result).toBe(2);
  expect(slave.status().master).toMatchObject({ away: false });
});

test("heartbeats keep an idle connection through several tolerances", async () => {
  await using all = await startThroughProxy(() => 1, {
    slave: { heartbeatMs: 50, toleranceMs: 200, resumeMs: 0 },
    master: { heartbeatMs: 50, toleranceMs: 200 },
  });
  const { proxy, connection } = all;
  const since = performance.now();
  await until(() => performance.now() - since > 1_000, { what: "a second" });
  expect([connection.isConnected, proxy.accepted]).toEqual([true, 1]);
});

test("silence for the tolerance: the task is LOST, no sooner and not much later", async () => {
  const gate = new Gate();
  await using all = await startThroughProxy((_task, { signal }) => gate.pass(signal), {
    slave: { resumeMs: 100 },
    master: { heartbeatMs: 50, toleranceMs: 300 },
  });
  const { proxy, connection } = all;
  const task = await connection.newTask().start();
  proxy.pause();
  const since = performance.now();
  await task.join();
  const ms = performance.now() - since;
  expect(task.status).toBe("LOST");
  expect(task.error?.message).toBe(
    'Slave "s" is lost: Nothing heard from the other end for 300 ms',
  );
  expect([ms > 200, ms < 2_000]).toEqual([true, true]);
  gate.open();
});

test("silence of the master: the slave cancels its task after tolerance and resume time, and is free", async () => {
  const gate = new Gate();
  const reasons: unknown[] = [];
  await using all = await startThroughProxy(
    async (_task, { signal }) => {
      signal.addEventListener("abort", () => reasons.push((signal.reason as Error).message));
      await gate.pass(signal);
    },
    { slave: { heartbeatMs: 50, toleranceMs: 150, resumeMs: 50 } },
  );
  const { proxy, slave, connection } = all;
  await connection.newTask().start();
  proxy.pause();
  await until(() => slave.status().master === null, { what: "a slave without a master" });
  expect(reasons).toEqual(["The task was cancelled"]);
  expect(slave.status().running).toBe(0);
  proxy.resume();
});

test("resumeMs is the time in which a master may come back: after it the session is void, the task LOST", async () => {
  const gate = new Gate();
  await using all = await startThroughProxy((_task, { signal }) => gate.pass(signal), {
    slave: { resumeMs: 50 },
  });
  const { proxy, slave, connection } = all;
  const task = await connection.newTask().start();
  proxy.refuse();
  proxy.cut();
  await until(() => slave.status().master === null, { what: "a slave without a master" });
  expect(slave.status().counts.cancelled).toBe(1);
  expect(task.status).toBe("STARTED");
  proxy.refuse(false);
  await task.join();
  expect(task.status).toBe("LOST");
  expect(task.error?.message).toContain("it is not known here");
});

test("another master takes the slave of one that is away: the old task is cancelled, its session void", async () => {
  const gate = new Gate();
  let aborted = 0;
  await using all = await startThroughProxy(
    async (task, { signal }) => {
      signal.addEventListener("abort", () => (aborted += 1));
      if (task === "old") await gate.pass(signal);
      return task;
    },
    { slave: { resumeMs: 60_000 } },
  );
  const { proxy, slave, connection } = all;
  const old = await connection.newTask("old").start();
  proxy.refuse();
  proxy.cut();
  await until(() => slave.status().master?.away, { what: "a master that is away" });
  await using heir = await startMaster();
  const taken = await connect(heir, slave);
  expect(aborted).toBe(1);
  expect(endOf(await taken.newTask("new").start().join())).toEqual(["COMPLETED", "new"]);
  proxy.refuse(false);
  await old.join();
  expect(old.status).toBe("LOST");
  expect([connection.isConnected, taken.isConnected]).toEqual([false, true]);
});

test("the name of a lost slave is free for the next connection", async () => {
  await using all = await startThroughProxy(() => 1, { master: { toleranceMs: 100 } });
  const { proxy, master, slave, connection } = all;
  proxy.refuse();
  proxy.cut();
  await connection.closed;
  const next: SlaveConnection = await connect(master, slave);
  expect([master.get("s"), next.isConnected]).toEqual([next, true]);
});

test("a task on one connection ends while another connection of the master is silent", async () => {
  await using silent = await startThroughProxy(() => 1);
  await using slave = await startSlave(() => "here");
  const other = await connect(silent.master, slave, "other");
  silent.proxy.pause();
  expect((await other.newTask().start().join()).result).toBe("here");
  silent.proxy.resume();
});
