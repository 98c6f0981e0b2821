import { expect, test } from "bun:test";
import { z } from "zod";
import {
  SlaveSlaveConnectionRefused,
  SlaveSlaveDisconnectionRefused,
  SlaveTaskRefused,
} from "../../../src/protocol/slave-exceptions.ts";
import type { ResponseException } from "../../../src/protocol/response-exception.ts";
import { defineSlave } from "../../../src/slave/plugin.ts";
import {
  ConnectionRefuse,
  DisconnectionRefuse,
  TaskFail,
  TaskRefuse,
} from "../../../src/slave/refusals.ts";
import { Slave } from "../../../src/slave/slave.ts";
import {
  connect,
  endOf,
  Gate,
  recordLog,
  startMaster,
  startPair,
  startSlave,
  thrownBy,
} from "../../support/interaction.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { until } from "../../support/until.ts";

const fieldsOf = ({ status, code, message, data }: ResponseException): unknown[] => [
  status,
  code,
  message,
  data,
];

test("beforeConnection gets the master's data; ConnectionRefuse is 503 with its data", async () => {
  const asked: unknown[] = [];
  await using slave = await startSlave({
    processTask: () => 1,
    beforeConnection(data: { password?: string }) {
      asked.push(data);
      if (data.password !== "xyzzy") throw new ConnectionRefuse({ tries: asked.length });
    },
  });
  await using master = await startMaster();
  const refused = (await thrownBy(connect(master, slave))) as SlaveSlaveConnectionRefused;
  expect(refused).toBeInstanceOf(SlaveSlaveConnectionRefused);
  expect(refused.name).toBe("SlaveSlaveConnectionRefused");
  expect(fieldsOf(refused)).toEqual([403, 503, "Slave refused the connection.", { tries: 1 }]);
  expect([master.has("s"), slave.status().master]).toEqual([false, null]);
  master.beforeConnect = () => ({ password: "xyzzy" });
  expect((await connect(master, slave)).isConnected).toBe(true);
  expect(asked).toEqual([{}, { password: "xyzzy" }]);
});

test("beforeDisconnection may keep the master: 504, the connection and its task go on", async () => {
  const gate = new Gate();
  let isLocked = true;
  await using pair = await startPair({
    processTask: () => gate.pass(),
    beforeDisconnection(data: unknown) {
      if (isLocked) throw new DisconnectionRefuse({ data }, "Not before the end.");
    },
  });
  const { connection, master } = pair;
  master.beforeDisconnect = () => "bye";
  const task = await connection.newTask().start();
  const refused = (await thrownBy(connection.disconnect())) as SlaveSlaveDisconnectionRefused;
  expect(refused).toBeInstanceOf(SlaveSlaveDisconnectionRefused);
  expect(fieldsOf(refused)).toEqual([403, 504, "Not before the end.", { data: "bye" }]);
  expect([connection.isConnected, task.status]).toEqual([true, "STARTED"]);
  isLocked = false;
  await connection.disconnect();
  expect([connection.isConnected, task.status]).toEqual([false, "CANCELLED"]);
});

test("beforeTask gets the checked data; TaskRefuse is 602 with its data, and the task may come again", async () => {
  let isOpen = false;
  const seen: unknown[] = [];
  await using pair = await startPair({
    schema: z.object({ a: z.coerce.number() }),
    processTask: ({ a }: { a: number }) => a,
    beforeTask(task: unknown) {
      seen.push(task);
      if (!isOpen) throw new TaskRefuse(["later"], "Closed for lunch.");
    },
  });
  const { connection, slave } = pair;
  const task = connection.newTask({ a: "5" });
  const refused = (await thrownBy(task.start())) as SlaveTaskRefused;
  expect(refused).toBeInstanceOf(SlaveTaskRefused);
  expect(fieldsOf(refused)).toEqual([403, 602, "Closed for lunch.", ["later"]]);
  expect([task.status, task.error]).toEqual(["START_FAILED", refused]);
  expect(slave.status()).toMatchObject({ running: 0, counts: { refused: 1, accepted: 0 } });
  isOpen = true;
  const again = await connection.newTask({ a: "5" }, { id: task.id }).start().join();
  expect(endOf(again)).toEqual(["COMPLETED", 5]);
  expect(seen).toEqual([{ a: 5 }, { a: 5 }]);
});

test("hooks that throw by accident refuse with what they say, and nothing is wedged", async () => {
  let isBroken = true;
  const breaks = (what: string) => (): void => {
    if (isBroken) throw new TypeError(`${what} is broken`);
  };
  await using slave = await startSlave({
    processTask: () => "ok",
    beforeConnection: breaks("beforeConnection"),
    beforeDisconnection: breaks("beforeDisconnection"),
    beforeTask: breaks("beforeTask"),
  });
  await using master = await startMaster();
  const refused = (await thrownBy(connect(master, slave))) as ResponseException;
  expect([refused.code, refused.data]).toEqual([503, { message: "beforeConnection is broken" }]);
  isBroken = false;
  const connection = await connect(master, slave);
  isBroken = true;
  const task = (await thrownBy(connection.newTask().start())) as ResponseException;
  expect([task.code, task.data]).toEqual([602, { message: "beforeTask is broken" }]);
  const kept = (await thrownBy(connection.disconnect())) as ResponseException;
  expect([kept.code, kept.data]).toEqual([504, { message: "beforeDisconnection is broken" }]);
  isBroken = false;
  expect(endOf(await connection.newTask().start().join())).toEqual(["COMPLETED", "ok"]);
  await connection.disconnect();
});

test("refusals whose data cannot travel refuse all the same, with words", async () => {
  const poison = { callback: () => {} };
  await using slave = await startSlave({
    processTask: () => 1,
    beforeConnection(data: { isGood?: boolean }) {
      if (!data.isGood) throw new ConnectionRefuse(poison);
    },
    beforeTask(task: { isGood?: boolean }) {
      if (!task.isGood) throw new TaskRefuse(poison);
    },
  });
  await using master = await startMaster();
  const refused = (await thrownBy(connect(master, slave))) as ResponseException;
  expect([refused.code, JSON.stringify(refused.data)]).toEqual([
    503,
    expect.stringContaining("callback"),
  ]);
  master.beforeConnect = () => ({ isGood: true });
  const connection = await connect(master, slave);
  const task = (await thrownBy(connection.newTask().start())) as ResponseException;
  expect([task.code, JSON.stringify(task.data)]).toEqual([
    602,
    expect.stringContaining("callback"),
  ]);
  expect((await connection.newTask({ isGood: true }).start().join()).result).toBe(1);
});

test("lostConnection is called once when the master is really gone, with address and error", async () => {
  const lost: unknown[][] = [];
  await using slave = await startSlave(
    {
      processTask: () => 1,
      lostConnection: (address, error) => void lost.push([address, error.message]),
    },
    { resumeMs: 50 },
  );
  await using proxy = await TcpProxy.open(slave.port);
  await using master = await startMaster();
  const connection = await connect(master, proxy);
  proxy.refuse();
  proxy.cut();
  await until(() => lost.length > 0, { what: "the hook" });
  await until(() => slave.status().master === null, { what: "a slave without a master" });
  expect(lost).toEqual([["127.0.0.1", "The other end did not come back in 50 ms"]]);
  connection.abandon();
});

test("lostConnection that throws is logged and harms nothing", async () => {
  const log = recordLog();
  await using slave = await startSlave(
    {
      processTask: () => 1,
      lostConnection() {
        throw new Error("no idea");
      },
    },
    { resumeMs: 0, log },
  );
  await using proxy = await TcpProxy.open(slave.port);
  await using master = await startMaster();
  const connection = await connect(master, proxy);
  proxy.refuse();
  proxy.cut();
  await until(() => log.text().includes("lostConnection failed: no idea"), {
    what: "the log line",
  });
  connection.abandon();
  await using next = await startMaster();
  expect((await connect(next, slave)).isConnected).toBe(true);
});

const schema = z.object({ name: z.string(), sizes: z.array(z.int()) });
const misfit = { name: "x", sizes: [1, "two", 3] };

class CheckedSlave extends Slave {
  override readonly schema = schema;
  override processTask({ sizes }: z.output<typeof schema>): number {
    return sizes.length;
  }
}

test("schema: a task that does not fit is refused with the path of the fault: class, object, async", async () => {
  const slaves = [
    await new CheckedSlave({ port: 0 }).start(),
    await startSlave(
      defineSlave({ schema, processTask: (task: z.output<typeof schema>) => task.sizes.length }),
    ),
    await startSlave({
      schema: schema.refine(async ({ name }) => name !== ""),
      processTask: (task: z.output<typeof schema>) => task.sizes.length,
    }),
  ];
  await using master = await startMaster();
  for (const [index, started] of slaves.entries()) {
    await using slave = started;
    const connection = await connect(master, slave, `s${index}`);
    const refused = (await thrownBy(connection.newTask(misfit).start())) as SlaveTaskRefused;
    expect(refused).toBeInstanceOf(SlaveTaskRefused);
    expect(refused.message).toStartWith("Cannot accept task: sizes.1: ");
    expect(refused.data).toMatchObject({ faults: [{ path: "sizes.1" }] });
    const fit = connection.newTask({ name: "x", sizes: [1, 2, 3] });
    expect((await fit.start().join()).result).toBe(3);
    await connection.disconnect();
  }
});

test("cancel() while beforeTask is asked: the task ends, and its code never runs", async () => {
  const gate = new Gate();
  let runs = 0;
  await using pair = await startPair({
    beforeTask: () => gate.pass(),
    processTask: () => (runs += 1),
  });
  const { connection, slave } = pair;
  const task = connection.newTask();
  const starting = task.start();
  await until(() => gate.waiting === 1, { what: "beforeTask" });
  const cancelled = await task.cancel();
  await starting.catch(() => {});
  gate.open();
  expect(cancelled.status).toBe("CANCELLED");
  await until(() => slave.status().running === 0, { what: "an idle slave" });
  expect(endOf(await connection.newTask().start().join())).toEqual(["COMPLETED", 1]);
});

test("TaskFail in beforeTask refuses too: only processTask can fail a task", async () => {
  await using pair = await startPair({
    processTask: () => 1,
    beforeTask() {
      throw new TaskFail({ a: 1 }, "not this one");
    },
  });
  const refused = (await thrownBy(pair.connection.newTask().start())) as ResponseException;
  expect([refused.code, refused.message]).toEqual([602, "not this one"]);
});
