import { expect, test } from "bun:test";
import { NetworkError } from "../../../src/core/errors.ts";
import type { SlaveConnection } from "../../../src/master/connection.ts";
import { Master } from "../../../src/master/master.ts";
import type { Task } from "../../../src/master/task.ts";
import type { SlaveResponse } from "../../../src/master/wire.ts";
import { endOf, recordLog, startSlave, thrownBy } from "../../support/interaction.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { until } from "../../support/until.ts";

/** Overrides every hook, notes every call, and throws where it is told to. */
class NotingMaster extends Master {
  readonly calls: unknown[][] = [];
  readonly throwing = new Set<string>();

  override beforeConnect(): unknown {
    return this.#note("beforeConnect", { hello: 1 });
  }
  override afterConnect({ status, code, message }: SlaveResponse): unknown {
    return this.#note("afterConnect", "connected", [status, code, message]);
  }
  override errorConnect(error: Error): unknown {
    return this.#note("errorConnect", "not connected", error.name);
  }
  override beforeDisconnect(): unknown {
    return this.#note("beforeDisconnect", { bye: 1 });
  }
  override afterDisconnect({ message }: SlaveResponse): unknown {
    return this.#note("afterDisconnect", "disconnected", message);
  }
  override errorDisconnect(error: Error): unknown {
    return this.#note("errorDisconnect", "gone", error.name);
  }
  override beforeNewTask(data: unknown): unknown {
    return this.#note("beforeNewTask", { wrapped: data });
  }
  override afterNewTask(task: Task): unknown {
    return this.#note("afterNewTask", undefined, task.status);
  }
  override errorNewTask(error: Error): unknown {
    return this.#note("errorNewTask", undefined, error.name);
  }
  override lostConnection(connection: SlaveConnection): unknown {
    return this.#note("lostConnection", undefined, connection.name);
  }

  #note<T>(name: string, value: T, told?: unknown): T {
    this.calls.push(told === undefined ? [name] : [name, told]);
    if (this.throwing.has(name)) throw new Error(`${name} broke`);
    return value;
  }
}

test("hooks are called around connect, task and disconnect, and their values are used", async () => {
  const asked: unknown[] = [];
  await using slave = await startSlave({
    processTask: (task: unknown) => task,
    beforeConnection: (data: unknown) => asked.push(data),
    beforeDisconnection: (data: unknown) => asked.push(data),
  });
  await using master = await new NotingMaster().start();
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  expect(await connection.connect()).toBe("connected");
  const task = connection.newTask(1);
  expect(endOf(await task.start().join())).toEqual(["COMPLETED", { wrapped: 1 }]);
  expect(task.data).toBe(1);
  expect(await connection.disconnect()).toBe("disconnected");
  expect(asked).toEqual([{ hello: 1 }, { bye: 1 }]);
  expect(master.calls).toEqual([
    ["beforeConnect"],
    ["afterConnect", [200, 0, "Connect success."]],
    ["beforeNewTask"],
    ["afterNewTask", "STARTED"],
    ["beforeDisconnect"],
    ["afterDisconnect", "Disconnect success."],
  ]);
});

test("error hooks that swallow: connect() gives their value, a task is START_FAILED, no loss is told", async () => {
  const slave = await startSlave(() => 1);
  await slave.close();
  await using master = await new NotingMaster().start();
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  expect(await connection.connect()).toBe("not connected");
  expect([connection.isConnected, master.has("s")]).toEqual([false, false]);
  const task = await connection.newTask().start();
  expect([task.status, task.error?.name]).toEqual(["START_FAILED", "NetworkError"]);
  expect(master.calls).toEqual([
    ["beforeConnect"],
    ["errorConnect", "NetworkError"],
    ["beforeNewTask"],
    ["errorNewTask", "NetworkError"],
  ]);
});

test("without hooks the errors are thrown", async () => {
  const slave = await startSlave(() => 1);
  await slave.close();
  await using master = await new Master().start();
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  expect(await thrownBy(connection.connect())).toBeInstanceOf(NetworkError);
  expect(await thrownBy(connection.newTask().start())).toBeInstanceOf(NetworkError);
});

test("before hooks that throw cancel what they stand before, and only that", async () => {
  await using slave = await startSlave((task: unknown) => task);
  await using master = await new NotingMaster().start();
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  master.throwing.add("beforeConnect");
  expect((await thrownBy(connection.connect())).message).toBe("beforeConnect broke");
  expect([connection.isConnected, slave.status().master]).toEqual([false, null]);
  master.throwing.clear();
  await connection.connect();
  master.throwing.add("beforeNewTask").add("beforeDisconnect");
  const task = connection.newTask(1);
  expect((await thrownBy(task.start())).message).toBe("beforeNewTask broke");
  expect([task.status, (await task.join()).status]).toEqual(["START_FAILED", "START_FAILED"]);
  expect((await thrownBy(connection.disconnect())).message).toBe("beforeDisconnect broke");
  expect(connection.isConnected).toBe(true);
  master.throwing.clear();
  expect((await connection.newTask(2).start().join()).result).toEqual({ wrapped: 2 });
});

test("after hooks that throw undo nothing: they are logged", async () => {
  const log = recordLog();
  await using slave = await startSlave((task: unknown) => task);
  await using master = await new NotingMaster({ log }).start();
  for (const name of ["afterConnect", "afterNewTask", "afterDisconnect"]) master.throwing.add(name);
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  expect(await connection.connect()).toBeUndefined();
  expect(endOf(await connection.newTask(1).start().join())).toEqual(["COMPLETED", { wrapped: 1 }]);
  expect(await connection.disconnect()).toBeUndefined();
  await until(() => log.lines.length === 3, { what: "three lines" });
  expect(log.text()).toBe(
    [
      "error afterConnect failed: afterConnect broke",
      "error afterNewTask failed: afterNewTask broke",
      "error afterDisconnect failed: afterDisconnect broke",
    ].join("\n"),
  );
});

test("lostConnection is called once when the slave is gone, and its name is free again", async () => {
  await using slave = await startSlave(() => 1);
  await using proxy = await TcpProxy.open(slave.port);
  await using master = await new NotingMaster({ toleranceMs: 100 }).start();
  master.throwing.add("lostConnection");
  const connection = master.newConnection("s", "127.0.0.1", proxy.port);
  await connection.connect();
  proxy.pause();
  expect(await connection.closed).toBeInstanceOf(NetworkError);
  expect(master.calls.filter(([name]) => name === "lostConnection")).toEqual([
    ["lostConnection", "s"],
  ]);
  expect([connection.isConnected, master.has("s")]).toEqual([false, false]);
  proxy.resume();
  await connection.connect();
  expect(master.get("s")).toBe(connection);
});

test("disconnect() of a slave that is silent: errorDisconnect hears it, and the connection is closed", async () => {
  await using slave = await startSlave(() => 1);
  await using proxy = await TcpProxy.open(slave.port);
  await using master = await new NotingMaster({ toleranceMs: 100 }).start();
  const connection = master.newConnection("s", "127.0.0.1", proxy.port);
  await connection.connect();
  proxy.pause();
  expect(await connection.disconnect()).toBe("gone");
  expect(master.calls.at(-1)).toEqual(["errorDisconnect", "NetworkError"]);
  expect(connection.isConnected).toBe(false);
  proxy.resume();
});

test("hooks may be async, and may use the connection", async () => {
  await using slave = await startSlave((task: unknown) => task);
  const results: unknown[] = [];
  class BusyMaster extends Master {
    override async afterConnect(_response: SlaveResponse, connection: SlaveConnection) {
      results.push((await connection.newTask("from the hook").start().join()).result);
      return results.length;
    }
    override async afterDisconnect(_response: SlaveResponse, connection: SlaveConnection) {
      await connection.disconnect();
      await connection.close();
    }
  }
  await using master = await new BusyMaster().start();
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  expect(await connection.connect()).toBe(1);
  await connection.disconnect();
  expect(results).toEqual(["from the hook"]);
});
