import { afterAll, expect, test } from "bun:test";
import type { SlaveConnection } from "../../../src/master/connection.ts";
import type { Master } from "../../../src/master/master.ts";
import type { Slave } from "../../../src/slave/slave.ts";
import { endOf, Gate, recordLog, startMaster, startSlave } from "../../support/interaction.ts";
import { freePort } from "../../support/free-port.ts";
import { CHANNEL, startSlave as spawnSlave } from "../../support/slave.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { until } from "../../support/until.ts";

const figures: string[] = [];

afterAll(() => console.error(figures.map((figure) => `  ${figure}`).join("\n")));

/** A master that listens for slaves, and those that have come. */
async function startListening(
  options: Parameters<typeof startMaster>[0] = {},
): Promise<{ master: Master; address: string; joined: SlaveConnection[] }> {
  const master = await startMaster({ port: 0, ...options });
  const joined: SlaveConnection[] = [];
  master.onJoin((connection) => joined.push(connection));
  return { master, address: await master.listen(), joined };
}

const join = (
  address: string,
  name: string,
  code: Parameters<typeof startSlave>[0],
): Promise<Slave> => startSlave(code, { join: [address], name });

test("a slave that dials a master gets its tasks, under its name", async () => {
  const { master, address, joined } = await startListening();
  await using _master = master;
  await using slave = await join(address, "n1", (task: number) => task + 1);
  await until(() => joined.length === 1, { what: "the slave" });
  const [connection] = joined;
  expect([connection?.name, connection?.isConnected, master.has("n1")]).toEqual(["n1", true, true]);
  expect(connection?.slave).toMatchObject({ name: "n1", channel: 0 });
  expect((await connection?.newTask(1).start().join())?.result).toBe(2);
  expect(slave.status().master).toEqual({ kind: "session", address, away: false });
});

test("slaves of one name are told apart, and may come before the master is asked", async () => {
  const { master, address, joined } = await startListening();
  await using _master = master;
  await using _one = await join(address, "twin", () => 1);
  await until(() => joined.length === 1, { what: "the first" });
  await using _two = await join(address, "twin", () => 2);
  await until(() => joined.length === 2, { what: "the second" });
  expect(joined.map(({ name }) => name)).toEqual(["twin", "twin#2"]);
});

test("a slave waits for a master that is not there yet", async () => {
  const port = await freePort();
  await using _slave = await join(`127.0.0.1:${port}`, "early", () => "served");
  const { master, joined } = await startListening({ port });
  await using _master = master;
  await until(() => joined.length === 1, { what: "the slave" });
  expect((await joined[0]?.newTask().start().join())?.result).toBe("served");
});

test("a cut: the slave dials again, its task goes on, nothing is lost", async () => {
  const { master, address, joined } = await startListening();
  await using _master = master;
  await using proxy = await TcpProxy.open(Number(address.split(":")[1]));
  const gate = new Gate();
  let runs = 0;
  const slave = await join(`127.0.0.1:${proxy.port}`, "n1", async (task: unknown) => {
    runs += 1;
    await gate.pass();
    return task;
  });
  const connection = await until(() => joined[0], { what: "the slave" });
  const task = await connection.newTask("kept").start();
  for (let cut = 1; cut <= 3; cut++) {
    const { accepted } = proxy;
    proxy.cut();
    // One that is cut while it dials looks at the port too: that is one connection more.
    await until(() => proxy.accepted > accepted, { what: "another dial" });
  }
  gate.open();
  expect(endOf(await task.join())).toEqual(["COMPLETED", "kept"]);
  expect([runs, joined.length, connection.isConnected]).toEqual([1, 1, true]);
  await slave.close();
  await connection.closed;
});

test("a link that is dead for the slave only is replaced by its new one", async () => {
  const { master, address, joined } = await startListening();
  await using _master = master;
  await using proxy = await TcpProxy.open(Number(address.split(":")[1]));
  const slave = await join(`127.0.0.1:${proxy.port}`, "n1", (task: unknown) => task);
  const connection = await until(() => joined[0], { what: "the slave" });
  proxy.cutHalf("near");
  await until(() => proxy.accepted >= 2, { what: "another dial" });
  expect((await connection.newTask("new link").start().join()).result).toBe("new link");
  expect(joined.length).toBe(1);
  await slave.close();
  await connection.closed;
});

test("a slave on another channel is turned away, and does not hammer the master", async () => {
  const log = recordLog();
  const { master, address, joined } = await startListening({ channel: 5, log });
  await using _master = master;
  await using proxy = await TcpProxy.open(Number(address.split(":")[1]));
  const slaveLog = recordLog();
  const dialled = `127.0.0.1:${proxy.port}`;
  await using _slave = await startSlave(() => 1, {
    join: [dialled],
    name: "stranger",
    log: slaveLog,
  });
  await until(() => log.text().includes("turned away"), { what: "the log line" });
  const since = performance.now();
  await until(() => performance.now() - since > 700, { what: "some time" });
  expect(joined).toEqual([]);
  await until(() => proxy.accepted > 1, { what: "another dial" });
  expect(proxy.accepted).toBeLessThan(((performance.now() - since) * 6) / 700);
  const told = slaveLog
    .text()
    .split("\n")
    .filter((line) => line.includes(dialled));
  expect(told).toEqual([expect.stringContaining("the master is on channel 5")]);
});

test("a slave without the master's token is told what it lacks", async () => {
  const { master, address } = await startListening({ token: "s3cret" });
  await using _master = master;
  for (const [token, why] of [
    [undefined, "it asks for a token"],
    ["other", "it does not know this token"],
  ] as const) {
    const log = recordLog();
    await using _slave = await startSlave(() => 1, { join: [address], token, log });
    await until(() => log.text().includes(`cannot join master ${address}: ${why}`), {
      what: `the words "${why}"`,
    });
  }
});

test("a slave that has a master already tells a second one so, and comes when it is free", async () => {
  const one = await startListening();
  const two = await startListening();
  await using _one = one.master;
  await using _two = two.master;
  await using _slave = await startSlave(() => 1, { join: [one.address, two.address], name: "n1" });
  await until(() => one.joined.length + two.joined.length === 1, { what: "one of the masters" });
  const [has, waits] = one.joined.length === 1 ? [one, two] : [two, one];
  await has.master.close();
  await until(() => waits.joined.length === 1, { what: "the other master" });
  expect((await waits.joined[0]?.newTask().start().join())?.result).toBe(1);
});

test("close() of a slave that has joined: its master hears a goodbye at once", async () => {
  const { master, address, joined } = await startListening();
  await using _master = master;
  const slave = await join(address, "n1", () => 1);
  const connection = await until(() => joined[0], { what: "the slave" });
  await slave.close();
  expect((await connection.closed)?.message).toContain("goodbye");
  expect(master.has("n1")).toBe(false);
});

test("close() of a slave while no master has greeted it leaves nothing open", async () => {
  const web = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, server) =>
      server.upgrade(request) ? undefined : new Response("", { status: 426 }),
    websocket: { message() {} },
  });
  try {
    const slave = await join(`127.0.0.1:${web.port}`, "n1", () => 1);
    await until(() => web.pendingWebSockets === 1, { what: "the slave's dial" });
    await slave.close();
    await until(() => web.pendingWebSockets === 0, { what: "the end of its socket" });
  } finally {
    await web.stop(true);
  }
});

test("kill -9 of a slave that has joined: its task is LOST soon", async () => {
  const { master, address, joined } = await startListening({ channel: Number(CHANNEL) });
  await using _master = master;
  const plugin = `${import.meta.dir}/fixtures/tricks.ts`;
  await using slave = await spawnSlave(plugin, ["--join", address, "--name", "doomed"], {
    runtime: "bun",
  });
  const connection = await until(() => joined[0], { what: "the slave" });
  const task = await connection.newTask({ do: "wait" }).start();
  const since = performance.now();
  slave.kill("SIGKILL");
  await task.join();
  const ms = performance.now() - since;
  figures.push(`kill -9 of a slave that has joined, seen by its master: ${ms.toFixed(1)} ms`);
  expect(task.status).toBe("LOST");
  expect(ms).toBeLessThan(3_000);
  expect(master.has("doomed")).toBe(false);
});

test("a slave that comes back as another process after a kill joins as a new one", async () => {
  const { master, address, joined } = await startListening();
  await using _master = master;
  const first = await join(address, "n1", () => "first");
  await until(() => joined.length === 1, { what: "the first" });
  await first.close(0);
  await using _second = await join(address, "n1", () => "second");
  await until(() => joined.length === 2, { what: "the second" });
  expect((await joined[1]?.newTask().start().join())?.result).toBe("second");
});

test("a master whose hook fails turns a slave away, and takes it when it dials again", async () => {
  const log = recordLog();
  const { master, address, joined } = await startListening({ log });
  await using _master = master;
  let asked = 0;
  master.beforeConnect = () => {
    asked += 1;
    if (asked === 1) throw new Error("not ready");
    return {};
  };
  await using _slave = await join(address, "n1", () => "at last");
  await until(() => joined.length === 1, { what: "the slave" });
  expect([asked, log.text()]).toEqual([2, "warn slave n1 cannot join: not ready"]);
  expect((await joined[0]?.newTask().start().join())?.result).toBe("at last");
});
