import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { Master } from "../../../src/master/master.ts";
import { SlaveSystemShuttingDown } from "../../../src/protocol/slave-exceptions.ts";
import {
  connect,
  endOf,
  Gate,
  newSlave,
  recordLog,
  startMaster,
  startPair,
  startSlave,
  thrownBy,
} from "../../support/interaction.ts";
import { until } from "../../support/until.ts";

test("close() of a slave lets running and queued tasks finish; their results come before its goodbye", async () => {
  const gate = new Gate();
  await using pair = await startPair(
    async (task) => {
      await gate.pass();
      return task;
    },
    { slave: { mode: "queue", concurrency: 2 } },
  );
  const { connection, slave } = pair;
  const tasks = await Promise.all([1, 2, 3, 4].map((one) => connection.newTask(one).start()));
  const closing = slave.close();
  expect(slave.state).toBe("draining");
  const late = connection.newTask(5);
  expect(await thrownBy(late.start())).toBeInstanceOf(SlaveSystemShuttingDown);
  gate.open();
  await closing;
  expect(slave.state).toBe("stopped");
  expect(tasks.map((task) => endOf(task))).toEqual([1, 2, 3, 4].map((one) => ["COMPLETED", one]));
  expect((await connection.closed)?.message).toContain("goodbye");
  expect([connection.isConnected, pair.master.has("s")]).toEqual([false, false]);
});

test("close() of a slave whose tasks do not finish in time tells the master that they are cancelled", async () => {
  await using pair = await startPair(
    (_task, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
    { slave: { mode: "queue" } },
  );
  const { connection, slave } = pair;
  const [running, queued] = await Promise.all([1, 2].map((one) => connection.newTask(one).start()));
  await slave.close(50);
  expect([running?.status, queued?.status]).toEqual(["CANCELLED", "CANCELLED"]);
  expect(running?.error?.message).toBe("The task was cancelled: its slave is stopping");
});

test("close() twice is one close; shutdown() begins it, join() waits for it", async () => {
  const slave = await startSlave(() => 1);
  slave.shutdown();
  expect(slave.state).toBe("draining");
  await Promise.all([slave.join(), slave.close(), slave.close()]);
  expect(slave.state).toBe("stopped");
  const error = (await thrownBy(slave.start())) as DingError;
  expect([error.code, error.message]).toEqual([
    "state.invalid",
    'Cannot start service: state is "stopped"',
  ]);
});

test("start() of a slave in use is refused, and close() before start() stops it for good", async () => {
  await using slave = await startSlave(() => 1);
  expect(((await thrownBy(slave.start())) as DingError).code).toBe("state.invalid");
  const idle = newSlave(() => 1);
  await idle.close();
  expect(((await thrownBy(idle.start())) as DingError).code).toBe("state.invalid");
});

test("close() during start() ends both, and the port is free again", async () => {
  const slave = newSlave(() => 1);
  const starting = slave.start().catch((thrown: DingError) => thrown.code);
  await slave.close();
  expect(["service.stopping", slave]).toContain(await starting);
  expect(slave.state).toBe("stopped");
  await using next = await startSlave(() => 1, { port: slave.port });
  expect(next.port).toBe(slave.port);
});

test.each([
  ["no such host", "no such host"], // with spaces: nobody is asked for it
  ["203.0.113.1", "it is no address of this machine"],
])("start() on the host %j fails and says why", async (host, why) => {
  const slave = newSlave(() => 1, { host, insecure: true });
  const error = (await thrownBy(slave.start())) as DingError;
  expect(error.message).toBe(`Cannot listen on ${host}:0: ${why}`);
  expect(error.hint).toContain("--host");
});

test("start() on a port in use fails with network.in-use and leaves nothing open", async () => {
  await using slave = await startSlave(() => 1);
  const second = newSlave(() => 2, { port: slave.port });
  expect(((await thrownBy(second.start())) as DingError).code).toBe("network.in-use");
  expect(second.state).toBe("failed");
  await thrownBy(second.join());
  await using master = await startMaster();
  const connection = await connect(master, slave);
  expect((await connection.newTask().start().join()).result).toBe(1);
});

test("ping() is true while a slave runs", async () => {
  const slave = newSlave(() => 1);
  expect(await slave.ping()).toBe(false);
  await slave.start();
  expect(await slave.ping()).toBe(true);
  await slave.close();
  expect(await slave.ping()).toBe(false);
});

test("ping() is true while a master runs, whether it listens or not", async () => {
  const quiet = new Master();
  expect(await quiet.ping()).toBe(false);
  await quiet.start();
  expect([await quiet.ping(), quiet.address]).toEqual([true, undefined]);
  await quiet.close();
  expect(await quiet.ping()).toBe(false);
  await using listening = await startMaster({ port: 0 });
  expect(await listening.ping()).toBe(true);
  expect(listening.address).toMatch(/^127\.0\.0\.1:\d+$/);
});

test("close() of a master lets its slaves go: tasks are cancelled, the slave hears a goodbye", async () => {
  const gate = new Gate();
  const log = recordLog();
  const lost: string[] = [];
  await using slave = await startSlave(
    {
      processTask: (_task, { signal }) => gate.pass(signal),
      lostConnection: (address) => void lost.push(address),
    },
    { log },
  );
  const master = await startMaster();
  const connection = await connect(master, slave);
  const task = await connection.newTask().start();
  await master.close();
  expect([task.status, connection.isConnected, master.connections]).toEqual([
    "CANCELLED",
    false,
    [],
  ]);
  await until(() => slave.status().master === null, { what: "a slave without a master" });
  expect(lost).toEqual([]);
  expect(log.text()).not.toContain("lost");
});

test("a master that nobody started closes what it has opened", async () => {
  await using slave = await startSlave((task: number) => task);
  const master = new Master();
  const connection = await connect(master, slave);
  expect((await connection.newTask(4).start().join()).result).toBe(4);
  await master.close();
  expect(connection.isConnected).toBe(false);
  await until(() => slave.status().master === null, { what: "a slave without a master" });
});

test("close() of a master while it connects: connect() rejects, the slave is free", async () => {
  const gate = new Gate();
  await using slave = await startSlave({
    processTask: () => 1,
    beforeConnection: () => gate.pass(),
  });
  const master = await startMaster();
  const connecting = thrownBy(connect(master, slave));
  await until(() => gate.waiting === 1, { what: "the hook" });
  await master.close();
  expect(((await connecting) as DingError).code).toBe("service.stopping");
  gate.open();
  await using next = await startMaster();
  const connection = await until(() => connect(next, slave).catch(() => undefined), {
    what: "another master to connect",
  });
  expect(connection.isConnected).toBe(true);
});

test("close() of a slave while a master connects: nothing of the session is left", async () => {
  const gate = new Gate();
  const slave = await startSlave({ processTask: () => 1, beforeConnection: () => gate.pass() });
  await using master = await startMaster();
  const connecting = thrownBy(connect(master, slave));
  await until(() => gate.waiting === 1, { what: "the hook" });
  await slave.close();
  gate.open();
  await connecting;
  expect([slave.state, master.connections]).toEqual(["stopped", []]);
});

test("await using closes a slave and a master in any order", async () => {
  {
    await using master = await startMaster();
    await using slave = await startSlave(() => "done");
    const connection = await connect(master, slave);
    await using other = master.newConnection("other", "127.0.0.1", slave.port);
    expect(other.isConnected).toBe(false);
    expect((await connection.newTask().start().join()).result).toBe("done");
  }
  {
    await using slave = await startSlave(() => "done");
    await using master = await startMaster();
    await connect(master, slave);
  }
});
