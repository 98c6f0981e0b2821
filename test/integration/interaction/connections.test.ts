import { expect, test } from "bun:test";
import { type DingError, NetworkError } from "../../../src/core/errors.ts";
import {
  SlaveChannelInvalid,
  SlaveSlaveAlreadyConnected,
} from "../../../src/protocol/slave-exceptions.ts";
import {
  connect,
  endOf,
  Gate,
  startMaster,
  startPair,
  startSlave,
  thrownBy,
} from "../../support/interaction.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { until } from "../../support/until.ts";

test("a connection is known to its master by name while it is open: with a block, by hand, by delete()", async () => {
  await using slave = await startSlave(() => 1);
  await using master = await startMaster();
  {
    await using connection = master.newConnection("block", "127.0.0.1", slave.port);
    await connection.connect();
    expect([connection.isConnected, master.has("block"), master.get("block")]).toEqual([
      true,
      true,
      connection,
    ]);
  }
  expect(master.has("block")).toBe(false);
  const byHand = master.newConnection("hand", "127.0.0.1", { port: slave.port });
  await byHand.start();
  await byHand.close();
  expect([byHand.isConnected, master.has("hand")]).toEqual([false, false]);
  const deleted = await connect(master, slave, "deleted");
  expect([await master.delete("deleted"), await master.delete("nobody")]).toEqual([true, false]);
  expect(deleted.isConnected).toBe(false);
  expect(() => master.get("deleted")).toThrow('Cannot find connection "deleted": open are none');
});

test("one connection object connects again after a disconnect, as often as one likes", async () => {
  await using pair = await startPair((task: number) => task);
  const { connection, master } = pair;
  for (let round = 0; round < 20; round++) {
    expect(endOf(await connection.newTask(round).start().join())).toEqual(["COMPLETED", round]);
    await connection.disconnect();
    expect(master.has("s")).toBe(false);
    await connection.connect();
  }
  expect(await connection.disconnect()).toBeUndefined();
  expect(await connection.disconnect()).toBeUndefined();
});

test("a second master gets 501, and may connect when the first has left", async () => {
  await using pair = await startPair(() => "mine");
  await using rival = await startMaster();
  const refused = (await thrownBy(connect(rival, pair.slave))) as SlaveSlaveAlreadyConnected;
  expect(refused).toBeInstanceOf(SlaveSlaveAlreadyConnected);
  expect([refused.status, refused.code, rival.connections]).toEqual([400, 501, []]);
  expect(endOf(await pair.connection.newTask().start().join())).toEqual(["COMPLETED", "mine"]);
  const again = (await thrownBy(connect(pair.master, pair.slave, "twin"))) as DingError;
  expect(again).toBeInstanceOf(SlaveSlaveAlreadyConnected);
  await pair.connection.disconnect();
  expect((await connect(rival, pair.slave)).isConnected).toBe(true);
});

test("another channel is refused with 202: not in the master, the block is not run", async () => {
  await using slave = await startSlave(() => 1, { channel: 233 });
  await using master = await startMaster({ channel: 234 });
  let isBlockRun = false;
  const error = await thrownBy(
    (async () => {
      await using connection = master.newConnection("s", "127.0.0.1", slave.port);
      await connection.connect();
      isBlockRun = true;
    })(),
  );
  expect(error).toBeInstanceOf(SlaveChannelInvalid);
  const { status, code, success } = error as SlaveChannelInvalid;
  expect([status, code, success]).toEqual([403, 202, false]);
  expect([isBlockRun, master.has("s"), slave.status().master]).toEqual([false, false, null]);
});

test("connect() to a port where nobody listens rejects at once with a NetworkError", async () => {
  const slave = await startSlave(() => 1);
  await slave.close();
  await using master = await startMaster();
  const started = performance.now();
  const error = (await thrownBy(connect(master, slave))) as DingError;
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.code).toBe("network.refused");
  expect(performance.now() - started).toBeLessThan(1_000);
});

test("connect() to a slave that does not answer gives up after the connect timeout", async () => {
  await using slave = await startSlave(() => 1);
  await using proxy = await TcpProxy.open(slave.port);
  proxy.pause();
  await using master = await startMaster({ connectTimeoutMs: 100 });
  const error = (await thrownBy(connect(master, proxy))) as DingError;
  expect([error.name, error.code]).toEqual(["NetworkError", "network.timeout"]);
});

test("connect({ signal }) ends with the signal, also while a hook of the slave is asked", async () => {
  const gate = new Gate();
  await using slave = await startSlave({
    processTask: () => 1,
    beforeConnection: () => gate.pass(),
  });
  await using master = await startMaster();
  const abort = new AbortController();
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  const connecting = thrownBy(connection.connect({ signal: abort.signal }));
  await until(() => gate.waiting === 1, { what: "the hook" });
  abort.abort(new Error("no more"));
  expect((await connecting).message).toBe("no more");
  gate.open();
  await until(() => connect(master, slave).catch(() => undefined), { what: "the next connect" });
});

test("newConnection() refuses what is no host or no port before anything is dialled", async () => {
  await using master = await startMaster();
  const places = [
    ["", 7236, "the host is missing"],
    ["n1/path", 7236, '"n1/path" is not a host'],
    ["n1", 0, '"0" is not a port'],
    ["n1", 70_000, '"70000" is not a port'],
    ["::1", Number.NaN, '"NaN" is not a port'],
  ] as const;
  for (const [host, port, why] of places) {
    const thrown = (): unknown => master.newConnection("s", host, port);
    expect(thrown).toThrow(`Cannot connect "s": ${why}`);
  }
  expect(master.newConnection("s", "::1", 7236).address).toBe("[::1]:7236");
});

test("a taken name is refused by newConnection(), and by connect() when it was taken meanwhile", async () => {
  await using one = await startSlave(() => 1);
  await using two = await startSlave(() => 2);
  await using master = await startMaster();
  const early = master.newConnection("s", "127.0.0.1", two.port);
  const connection = await connect(master, one);
  expect(() => master.newConnection("s", "127.0.0.1", two.port)).toThrow("the name is taken");
  const error = (await thrownBy(early.connect())) as DingError;
  expect([error.code, early.isConnected]).toEqual(["state.invalid", false]);
  expect(master.get("s")).toBe(connection);
  await until(() => two.status().master === null, { what: "the other slave to be free" });
  await connection.disconnect();
  await early.connect();
  expect(master.get("s")).toBe(early);
});

test("connect() of a connection that is open, or being opened, is refused by its state", async () => {
  await using slave = await startSlave(() => 1);
  await using master = await startMaster();
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  const connecting = connection.connect();
  expect(((await thrownBy(connection.connect())) as DingError).code).toBe("state.invalid");
  await connecting;
  expect(((await thrownBy(connection.connect())) as DingError).code).toBe("state.invalid");
});

test("disconnect() at the same time twice is one goodbye", async () => {
  let goodbyes = 0;
  await using pair = await startPair({
    processTask: () => 1,
    beforeDisconnection: () => (goodbyes += 1),
  });
  await Promise.all([pair.connection.disconnect(), pair.connection.disconnect()]);
  expect(goodbyes).toBe(1);
});

test("start() of a task without a connection is START_FAILED and says what to do", async () => {
  await using slave = await startSlave(() => 1);
  await using master = await startMaster();
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  const task = connection.newTask();
  const error = (await thrownBy(task.start())) as DingError;
  expect([error.name, error.code, task.status]).toEqual([
    "NetworkError",
    "network.closed",
    "START_FAILED",
  ]);
  expect(error.hint).toContain("connect()");
});

test("disconnect() while a task runs cancels it, and the slave takes the next master's tasks", async () => {
  const gate = new Gate();
  await using pair = await startPair(async (task, { signal }) => {
    if (task === "long") await gate.pass(signal);
    return task;
  });
  const task = await pair.connection.newTask("long").start();
  await pair.connection.disconnect();
  expect(task.status).toBe("CANCELLED");
  await using next = await startMaster();
  const connection = await connect(next, pair.slave);
  expect(endOf(await connection.newTask("short").start().join())).toEqual(["COMPLETED", "short"]);
});

test("a slave knows at once that its master was killed: the connection is away, the next one may come", async () => {
  await using slave = await startSlave(() => 1, { resumeMs: 60_000 });
  await using proxy = await TcpProxy.open(slave.port);
  await using master = await startMaster();
  const old = await connect(master, proxy);
  proxy.refuse();
  proxy.cut();
  await until(() => slave.status().master?.away, { what: "a master that is away" });
  await using next = await startMaster();
  const connection = await connect(next, slave);
  expect(endOf(await connection.newTask().start().join())).toEqual(["COMPLETED", 1]);
  old.abandon();
});

test("an IPv6 slave is reached by its address, with and without brackets in host:port", async () => {
  await using slave = await startSlave(() => "six", { host: "::1" });
  await using master = await startMaster();
  const connection = master.newConnection("s", "::1", slave.port);
  await connection.connect();
  expect([connection.address, slave.address]).toEqual([
    `[::1]:${slave.port}`,
    `[::1]:${slave.port}`,
  ]);
  expect((await connection.newTask().start().join()).result).toBe("six");
});

test("a token is asked of masters: without it, with a wrong one, with the right one", async () => {
  await using slave = await startSlave(() => 1, { token: "secret-of-the-slave" });
  await using stranger = await startMaster();
  await using liar = await startMaster({ token: "not-it" });
  await using friend = await startMaster({ token: "secret-of-the-slave" });
  expect(((await thrownBy(connect(stranger, slave))) as DingError).code).toBe("auth.missing");
  expect(((await thrownBy(connect(liar, slave))) as DingError).code).toBe("auth.refused");
  expect((await connect(friend, slave)).isConnected).toBe(true);
});
