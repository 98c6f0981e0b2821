import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import type { Task } from "../../../src/master/task.ts";
import { MESSAGE_BODY_LIMIT_BYTES } from "../../../src/rpc/body.ts";
import {
  connect,
  endOf,
  Gate,
  newSlave,
  startMaster,
  startPair,
  startSlave,
  thrownBy,
} from "../../support/interaction.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { until } from "../../support/until.ts";

/*
 * The faults that wedge the original for good, one test each, in its order: here
 * nothing hangs, nothing is wedged, and the error says what happened. Whole
 * subjects (resume, losses, workers) have files of their own beside this one.
 */

const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  ((await thrownBy(promise)) as DingError).code;

test("A: a busy slave refuses with 601; the task object says so, and the next start goes through", async () => {
  const gate = new Gate();
  await using pair = await startPair(() => gate.pass());
  const first = await pair.connection.newTask().start();
  const second = pair.connection.newTask();
  expect(await codeOf(second.start())).toBe(601 as never);
  expect((await second.join()).status).toBe("START_FAILED");
  gate.open();
  await first.join();
  expect((await pair.connection.newTask().start().join()).status).toBe("COMPLETED");
});

test("B: the wrong channel is 202, out of connect(), and nothing is registered", async () => {
  await using slave = await startSlave(() => 1, { channel: 1 });
  await using master = await startMaster({ channel: 2 });
  expect(await codeOf(connect(master, slave))).toBe(202 as never);
  expect([master.has("s"), slave.status().master]).toEqual([false, null]);
});

test("C: a slave with a master is 501 for others; a loss frees it, not only a disconnect", async () => {
  await using slave = await startSlave(() => 1);
  await using proxy = await TcpProxy.open(slave.port);
  await using one = await startMaster({ toleranceMs: 200 });
  await using two = await startMaster();
  const lost = await connect(one, proxy);
  expect(await codeOf(connect(two, slave))).toBe(501 as never);
  proxy.refuse();
  proxy.cut();
  await until(() => connect(two, slave).catch(() => undefined), { what: "the second master" });
  await lost.closed;
});

test("D: a connection that breaks right after a task was sent: it runs once, its result comes once", async () => {
  const runs: unknown[] = [];
  await using slave = await startSlave((task: unknown) => runs.push(task), { mode: "queue" });
  await using proxy = await TcpProxy.open(slave.port);
  await using master = await startMaster();
  const connection = await connect(master, proxy);
  for (let round = 1; round <= 10; round++) {
    const task = connection.newTask(round);
    const ended = task.start().join();
    await Promise.resolve();
    proxy.cut();
    expect((await ended).result).toBe(round);
  }
  expect(runs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("E: a result belongs to its own task, however close the next one follows", async () => {
  await using pair = await startPair(async (task: number) => {
    if (task % 3 === 0) await Promise.resolve();
    return task;
  });
  for (let value = 0; value < 300; value++) {
    const task = await pair.connection.newTask(value).start().join();
    expect(endOf(task)).toEqual(["COMPLETED", value]);
  }
});

test("F: a slave that is gone: LOST, onFail is called, join() returns, the name is free, disconnect() is quiet", async () => {
  const slave = newSlave(() => new Gate().pass(), { drainTimeoutMs: 0 });
  await slave.start();
  await using master = await startMaster();
  const connection = await connect(master, slave);
  const failed: unknown[] = [];
  const task = connection.newTask(7).onFail((data) => failed.push(data));
  await task.start();
  await slave.close();
  expect((await task.join()).status).toBe("LOST");
  expect([failed, connection.isConnected, master.has("s")]).toEqual([[7], false, false]);
  expect(await connection.disconnect()).toBeUndefined();
  expect(await codeOf(connection.newTask().start())).toBe("network.closed" as never);
});

test("G, H: a master that is gone in the middle of a task, and back on its port: the slave serves it again", async () => {
  const aborted: unknown[] = [];
  await using slave = await startSlave(
    async (task: unknown, { signal }) => {
      if (task !== "hold") return task;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return aborted.push(task);
    },
    { resumeMs: 60_000 },
  );
  await using proxy = await TcpProxy.open(slave.port);
  const first = await startMaster({ port: 0, toleranceMs: 100 });
  const port = Number(first.address?.split(":")[1]);
  const held = await (await connect(first, proxy)).newTask("hold").start();
  proxy.refuse();
  proxy.cut();
  await held.join();
  await first.close();
  await using second = await startMaster({ port });
  const connection = await until(() => connect(second, slave).catch(() => undefined), {
    what: "the master that is back",
  });
  expect(aborted).toEqual(["hold"]);
  expect((await connection.newTask("next").start().join()).result).toBe("next");
});

test("I: a slave that is silent longer than the tolerance: LOST, and the same connection connects again", async () => {
  await using slave = await startSlave((task: unknown) => task);
  await using proxy = await TcpProxy.open(slave.port);
  await using master = await startMaster({ toleranceMs: 150 });
  const connection = await connect(master, proxy);
  proxy.pause();
  const task = connection.newTask(1);
  await task.start().catch(() => {});
  expect((await task.join()).status).toBe("LOST");
  proxy.resume();
  await connection.connect();
  expect((await connection.newTask(2).start().join()).result).toBe(2);
});

test("J: disconnect while a task runs, connect, next task: all ends", async () => {
  await using pair = await startPair((task: unknown, { signal }) =>
    task === "hold"
      ? new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason as Error)),
        )
      : task,
  );
  for (let round = 0; round < 5; round++) {
    const held = await pair.connection.newTask("hold").start();
    await pair.connection.disconnect();
    expect(held.status).toBe("CANCELLED");
    await pair.connection.connect();
    expect((await pair.connection.newTask(round).start().join()).result).toBe(round);
  }
});

test("K, L: 300 rounds of connect and disconnect with quick heartbeats and a slow hook leave the slave alive", async () => {
  await using slave = await startSlave(() => 1, { heartbeatMs: 10, toleranceMs: 1_000 });
  await using master = await startMaster({ heartbeatMs: 10, toleranceMs: 1_000 });
  master.afterConnect = async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  for (let round = 0; round < 300; round++) {
    await connection.connect();
    await connection.disconnect();
  }
  await connection.connect();
  expect((await connection.newTask().start().join()).result).toBe(1);
});

test("M, P: callbacks and hooks that throw: join() returns, later results of all slaves arrive", async () => {
  await using one = await startSlave(() => 1);
  await using two = await startSlave(() => 2);
  await using master = await startMaster();
  master.afterNewTask = () => {
    throw new Error("hook");
  };
  const [first, second] = [await connect(master, one, "one"), await connect(master, two, "two")];
  const task = first.newTask().onComplete(() => {
    throw new Error("callback");
  });
  expect((await task.start().join()).result).toBe(1);
  expect((await second.newTask().start().join()).result).toBe(2);
  expect((await first.newTask().start().join()).result).toBe(1);
});

test("N, O: callbacks that use their own connection, and slow ones, hold up nobody", async () => {
  const gate = new Gate();
  await using pair = await startPair((task: number) => task * 2);
  const { connection } = pair;
  const inner = Promise.withResolvers<Task>();
  const task = connection.newTask(1).onComplete(async (_data, result) => {
    await gate.pass();
    inner.resolve(await connection.newTask(result).start().join());
  });
  await task.start().join();
  expect((await connection.newTask(5).start().join()).result).toBe(10);
  gate.open();
  expect((await inner.promise).result).toBe(4);
});

test("Q: a task id is the master's own: results of one master never reach another", async () => {
  await using one = await startPair(() => "one");
  await using two = await startPair(() => "two");
  const task = one.connection.newTask();
  const twin = two.connection.newTask(undefined, { id: task.id });
  await Promise.all([task.start().join(), twin.start().join()]);
  expect([task.result, twin.result]).toEqual(["one", "two"]);
});

test("R: a result that cannot be sent fails its task and says why; the slave takes the next", async () => {
  await using pair = await startPair((task: unknown) => (task === "bad" ? { f: () => {} } : task));
  const bad = await pair.connection.newTask("bad").start().join();
  expect([bad.status, (bad.error as DingError).code]).toEqual(["FAILED", "task.invalid-result"]);
  expect((await pair.connection.newTask("good").start().join()).result).toBe("good");
});

test("S, T: NaN and Infinity pass; what is beyond the size limit is refused with words, on either side", async () => {
  await using pair = await startPair((task: unknown) =>
    task === "large" ? new Uint8Array(MESSAGE_BODY_LIMIT_BYTES + 1) : task,
  );
  const { connection } = pair;
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  expect((await connection.newTask(odd).start().join()).result).toEqual(odd);
  const large = await connection.newTask("large").start().join();
  expect(large.error?.message).toContain("the limit is");
  const sent = connection.newTask(new Uint8Array(MESSAGE_BODY_LIMIT_BYTES + 1));
  expect((await thrownBy(sent.start())).message).toContain("the limit is");
  expect(connection.isConnected).toBe(true);
});

test("U: a loss and a disconnect at the same time: both end, other slaves are still watched", async () => {
  await using slave = await startSlave(() => 1);
  await using other = await startSlave(() => 2);
  await using proxy = await TcpProxy.open(slave.port);
  await using second = await TcpProxy.open(other.port);
  await using master = await startMaster({ toleranceMs: 150 });
  const connection = await connect(master, proxy, "one");
  const watched = await connect(master, second, "two");
  proxy.pause();
  await connection.disconnect().catch(() => {});
  expect(master.has("one")).toBe(false);
  second.pause();
  expect((await watched.closed)?.message).toContain("Nothing heard");
  proxy.resume();
  second.resume();
});
