import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import type { Master } from "../../../src/master/master.ts";
import { Gate, startMaster, startPair, startSlave, thrownBy } from "../../support/interaction.ts";
import { until } from "../../support/until.ts";

/** A slave that speaks plain HTTP and answers /connect when the gate opens. */
class PlainSlave implements Disposable {
  readonly heard: string[] = [];
  readonly gate = new Gate();
  readonly #server: Bun.Server<undefined>;

  constructor(hostname = "127.0.0.1") {
    this.#server = Bun.serve({
      hostname,
      port: 0,
      fetch: async ({ method, url, headers }) => {
        const { pathname } = new URL(url);
        if (pathname === "/session") return new Response("", { status: 404 });
        this.heard.push(`${method} ${pathname} ${headers.get("token")}`);
        if (pathname === "/connect") await this.gate.pass();
        return Response.json({ success: true, code: 0, message: "", data: null });
      },
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  [Symbol.dispose](): void {
    this.gate.open();
    void this.#server.stop(true);
  }
}

test("progress that cannot be read is dropped, and no other task suffers", async () => {
  const odd = new Map([[[1, 2], 3]]);
  await using pair = await startPair(
    (task, { progress }) => {
      if (task === "odd") progress(odd);
      progress("fine");
      return task;
    },
    { slave: { concurrency: 2, mode: "queue" } },
  );
  const tasks = ["good", "odd"].map((data) => pair.connection.newTask(data));
  await Promise.all(tasks.map((task) => task.start().join()));
  expect(tasks.map(({ status, result }) => [status, result])).toEqual([
    ["COMPLETED", "good"],
    ["COMPLETED", "odd"],
  ]);
});

test("close() of a master in the middle of a connect() to a plain slave leaves no port open", async () => {
  using slave = new PlainSlave();
  const master = await startMaster();
  const connection = master.newConnection("s", "127.0.0.1", {
    port: slave.port,
    dialect: "di-engine",
  });
  const connecting = thrownBy(connection.connect());
  await master.close();
  await connecting;
  expect(await isServed(master)).toBe(false);
});

async function isServed({ address }: Master): Promise<boolean> {
  if (address === undefined) return false;
  return fetch(`http://${address}/health/live`).then(
    () => true,
    () => false,
  );
}

const outside = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;

test.if(outside !== undefined)(
  "connect() to a plain slave that could not call back is refused before it is asked",
  async () => {
    using slave = new PlainSlave("0.0.0.0");
    slave.gate.open();
    await using master = await startMaster();
    const options = { port: slave.port, dialect: "di-engine" } as const;
    const elsewhere = master.newConnection("s", outside ?? "", options);
    const error = (await thrownBy(elsewhere.connect())) as DingError;
    expect([error.code, error.hint]).toEqual([
      "usage.invalid-option",
      expect.stringContaining("--listen"),
    ]);
    expect(slave.heard).toEqual([]);
    await using told = await startMaster({ address: `http://${outside}:1` });
    await told.newConnection("s", outside ?? "", options).connect();
  },
);

test("disconnect() during connect() gives it up, and closed tells so", async () => {
  const gate = new Gate();
  await using slave = await startSlave({
    processTask: () => 1,
    beforeConnection: () => gate.pass(),
  });
  await using master = await startMaster();
  const connection = master.newConnection("s", "127.0.0.1", slave.port);
  const { closed } = connection;
  const connecting = thrownBy(connection.connect());
  await until(() => gate.waiting === 1, { what: "the hook" });
  await connection.disconnect();
  const error = (await connecting) as DingError;
  expect([error.code, error.message]).toEqual([
    "state.invalid",
    'Cannot connect "s": it was disconnected meanwhile',
  ]);
  gate.open();
  expect([connection.isConnected, await closed]).toEqual([false, error]);
  await until(() => slave.status().master === null, { what: "a slave without a master" });
  await connection.connect();
  await connection.disconnect();
  expect(await connection.closed).toBeUndefined();
});

test("closed of a connection that nobody answers tells why", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await using master = await startMaster();
  const connection = master.newConnection("s", "127.0.0.1", port);
  const { closed } = connection;
  const error = await thrownBy(connection.connect());
  expect(await closed).toBe(error);
});

test("a connect() that is given up tells a plain slave to let go", async () => {
  using slave = new PlainSlave();
  await using master = await startMaster();
  const abort = new AbortController();
  const connection = master.newConnection("s", "127.0.0.1", {
    port: slave.port,
    dialect: "di-engine",
  });
  const connecting = thrownBy(connection.connect({ signal: abort.signal }));
  await until(() => slave.gate.waiting === 1, { what: "the request" });
  abort.abort(new Error("enough"));
  expect((await connecting).message).toBe("enough");
  await until(() => slave.heard.length === 2, { what: "the farewell" });
  const token = slave.heard[0]?.split(" ")[2];
  expect(slave.heard[1]).toBe(`DELETE /disconnect ${token}`);
});

test("abandon() tells a plain slave to let go", async () => {
  using slave = new PlainSlave();
  slave.gate.open();
  await using master = await startMaster();
  const connection = master.newConnection("s", "127.0.0.1", {
    port: slave.port,
    dialect: "di-engine",
  });
  await connection.connect();
  connection.abandon();
  await until(() => slave.heard.length === 2, { what: "the farewell" });
  expect(slave.heard[1]).toStartWith("DELETE /disconnect ");
});
