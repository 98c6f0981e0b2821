import { expect, test } from "bun:test";
import { NetworkError, type DingError } from "../../../../src/core/errors.ts";
import { Client } from "../../../../src/serve/client/client.ts";
import { cuttingProxy } from "../../../support/cutting-proxy.ts";
import { FakeModels, untilAborted } from "../../../support/fake-models.ts";
import { Gate, thrownBy } from "../../../support/interaction.ts";
import { startNative, type NativeServer } from "../../../support/native-server.ts";
import { TcpProxy } from "../../../support/tcp-proxy.ts";
import { until } from "../../../support/until.ts";

/** Ends a server as kill -9 does for its clients: nobody says goodbye, and nobody listens. */
async function crash(server: NativeServer, proxy: TcpProxy): Promise<void> {
  await proxy.hide();
  await server[Symbol.asyncDispose]();
}

test("a connection that is cut again and again loses nothing, and nothing runs twice", async () => {
  const ran = new Map<unknown, number>();
  await using server = await startNative(async (item) => {
    ran.set(item, (ran.get(item) ?? 0) + 1);
    await new Promise((resolve) => setImmediate(resolve));
    return item;
  });
  await using proxy = await cuttingProxy(server.port);
  await using client = new Client({ ip: proxy.address, window: 64 });
  let answered = 0;
  const items = Array.from({ length: 3_000 }, (_, index) => index);
  const asked = Promise.all(
    items.map(async (item) => {
      const result = await client.encode<number>(item);
      answered += 1;
      if (answered % 300 === 0) proxy.cut();
      return result;
    }),
  );
  expect(await asked).toEqual(items);
  expect(proxy.accepted).toBeGreaterThan(5);
  expect([...ran.values()].every((runs) => runs === 1)).toBe(true);
  expect(ran.size).toBe(items.length);
});

test("a server that is killed and started again answers what was under way", async () => {
  const gate = new Gate();
  const first = await startNative(() => gate.pass());
  await using proxy = await TcpProxy.open(first.port);
  await using client = new Client({ ip: "127.0.0.1", port: proxy.port });
  const items = Array.from({ length: 50 }, (_, index) => index);
  const asked = items.map((item) => client.encode<number>(item));
  await until(() => gate.waiting === 50);
  await crash(first, proxy);
  const late = client.encode<number>(50);
  await until(() => client.status.servers[0]?.state === "idle");
  await using second = await startNative((item) => item, { port: first.port });
  await proxy.show();
  expect(await Promise.all([...asked, late])).toEqual([...items, 50]);
  expect(second.native.clients).toBe(1);
});

test("a server that does not come back is a NetworkError within the connect timeout", async () => {
  const models = new FakeModels({ m: (_item, { signal }) => untilAborted(signal) });
  const server = await startNative(models);
  await using proxy = await TcpProxy.open(server.port);
  await using client = new Client({ ip: "127.0.0.1", port: proxy.port, connectTimeoutMs: 1_000 });
  const asked = [client.encode(1), client.encode(2)].map(thrownBy);
  await client.encode(3, { blocking: false });
  await until(() => models.requests.length === 3);
  await crash(server, proxy);
  for (const error of await Promise.all(asked)) expect(error).toBeInstanceOf(NetworkError);
  expect(await client.fetchAll({ returnId: true })).toMatchObject([{ id: "3", errorCode: 1 }]);
  // It has been away for longer than that: whoever asks now hears it at once.
  const again = await thrownBy(client.encode(4));
  expect((again as DingError).code).toBe("network.refused");
});

test("an item that ends its server again and again is given up after retries", async () => {
  let runs = 0;
  const fall = async (): Promise<void> => {
    await proxy.hide();
    await until(() => server.native.desk.open === 0);
    await proxy.show();
  };
  await using server = await startNative(
    (item, { signal }) => {
      if (item !== "bad") return item;
      runs += 1;
      void fall();
      return untilAborted(signal);
    },
    { resumeMs: 10 },
  );
  await using proxy = await TcpProxy.open(server.port);
  await using client = new Client({ ip: "127.0.0.1", port: proxy.port, retries: 2 });
  expect(await thrownBy(client.encode("bad"))).toMatchObject({ code: "network.closed" });
  expect(runs).toBe(3);
  expect(await client.encode("good")).toBe("good");
});

test("a request that is asked again after its session was lost gets the same answer", async () => {
  const gate = new Gate();
  let runs = 0;
  await using server = await startNative(
    async () => {
      runs += 1;
      await gate.pass();
      return runs;
    },
    { resumeMs: 60_000, toleranceMs: 60_000 },
  );
  await using proxy = await TcpProxy.open(server.port);
  const where = { ip: "127.0.0.1", port: proxy.port, toleranceMs: 1_000, heartbeatMs: 100 };
  await using client = new Client({ ...where, connectTimeoutMs: 10_000 });
  const asked = client.encode(1);
  await until(() => gate.waiting === 1);
  // The cable is pulled: the client gives its session up, the server does not know of it yet.
  proxy.pause();
  await until(() => client.status.servers[0]?.state !== "up");
  proxy.cut();
  proxy.resume();
  await until(() => server.native.clients === 2);
  gate.open();
  expect([await asked, runs]).toEqual([1, 1]);
});

test("what a client asked for that is gone leaves the queue", async () => {
  const aborted: unknown[] = [];
  const models = new FakeModels({
    m: (item, { signal }) => untilAborted(signal).finally(() => aborted.push(item)),
  });
  await using server = await startNative(models, { resumeMs: 100 });
  await using proxy = await TcpProxy.open(server.port);
  await using client = new Client({ ip: "127.0.0.1", port: proxy.port, connectTimeoutMs: 1_000 });
  const asked = [1, 2, 3].map((item) => thrownBy(client.encode(item)));
  await until(() => models.requests.length === 3);
  await proxy.hide();
  await until(() => aborted.length === 3 && server.native.desk.open === 0);
  expect(server.native.clients).toBe(0);
  for (const error of await Promise.all(asked)) expect(error).toBeInstanceOf(NetworkError);
});

test("a proxy that answers for a server that is away is borne with", async () => {
  const first = await startNative((item) => item);
  const { port } = first;
  await using client = new Client({ ip: "127.0.0.1", port });
  expect(await client.encode(1)).toBe(1);
  await first[Symbol.asyncDispose]();
  let asked = 0;
  const proxy = Bun.serve({
    hostname: "127.0.0.1",
    port,
    fetch: () => new Response("Bad gateway", { status: 502 + (asked++ % 2) }),
  });
  const answer = client.encode(2);
  await until(() => asked >= 2);
  await proxy.stop(true);
  await using second = await startNative((item) => item, { port });
  expect(await answer).toBe(2);
  expect(second.port).toBe(port);
});
