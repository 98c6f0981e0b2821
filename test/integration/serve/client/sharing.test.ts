import { expect, test } from "bun:test";
import { Client } from "../../../../src/serve/client/client.ts";
import type { ClientOptions } from "../../../../src/serve/client/options.ts";
import { FakeModels, untilAborted } from "../../../support/fake-models.ts";
import { Gate, thrownBy } from "../../../support/interaction.ts";
import { startNative } from "../../../support/native-server.ts";
import { TcpProxy } from "../../../support/tcp-proxy.ts";
import { until } from "../../../support/until.ts";

/** So many clients of one way to a server. */
function clientsOf(
  stack: AsyncDisposableStack,
  count: number,
  options: ClientOptions | ((index: number) => ClientOptions),
): Client[] {
  return Array.from({ length: count }, (_, index) =>
    stack.use(new Client(typeof options === "function" ? options(index) : options)),
  );
}

test("clients of a process share a connection, and each has its own answers", async () => {
  await using server = await startNative((item, { client }) => [item, client]);
  await using proxy = await TcpProxy.open(server.port);
  const where = { ip: "127.0.0.1", port: proxy.port };
  await using stack = new AsyncDisposableStack();
  const clients = clientsOf(stack, 20, (index) => ({ ...where, identity: `c${index}` }));
  await Promise.all(clients.map((client) => client.connect()));
  expect([proxy.accepted, server.native.clients]).toEqual([1, 20]);
  const asked = clients.map((client, index) => client.encode(index, { requestId: "same" }));
  // Each under its own name, though the item's and the request's are alike.
  const more = clients.map((client) => client.encode("like"));
  const own = clients.map(({ identity }) => identity);
  expect(await Promise.all(asked)).toEqual(own.map((identity, index) => [index, identity]));
  expect(await Promise.all(more)).toEqual(own.map((identity) => ["like", identity]));
  await using late = new Client({ ...where, model: "model" });
  expect(await late.encode(1)).toEqual([1, late.identity]);
  expect(proxy.accepted).toBe(1);
});

test("a client shares nothing with one that reaches the server another way, or wants its own", async () => {
  await using server = await startNative((item) => item, { token: "t" });
  await using proxy = await TcpProxy.open(server.port);
  const where = { ip: "127.0.0.1", port: proxy.port, token: "t" };
  await using shared = new Client(where);
  await using own = new Client({ ...where, ownConnection: true });
  await using patient = new Client({ ...where, toleranceMs: 60_000 });
  await using stranger = new Client({ ...where, token: "wrong" });
  for (const client of [shared, own, patient]) expect(await client.encode(1)).toBe(1);
  expect([proxy.open, server.native.clients]).toEqual([3, 3]);
  expect(await thrownBy(stranger.encode(1))).toMatchObject({ code: "auth.refused" });
});

test("what a client asked for that closes is cancelled; the others on its connection go on", async () => {
  const aborted: unknown[] = [];
  const gate = new Gate();
  const models = new FakeModels({
    m: (item, { signal }) =>
      item === "stays" ? gate.pass() : untilAborted(signal).finally(() => void aborted.push(item)),
  });
  await using server = await startNative(models);
  await using proxy = await TcpProxy.open(server.port);
  const where = { ip: "127.0.0.1", port: proxy.port };
  // The first one is whom HELLO introduced, the last one came later.
  const [first, stays, last] = [new Client(where), new Client(where), new Client(where)];
  await using _kept = stays;
  for (const client of [first, stays, last]) await client.connect();
  const lost = [first.encode("first"), last.encode("last")].map(thrownBy);
  const kept = stays.encode("stays");
  await until(() => models.requests.length === 3);
  await first.close();
  await last.close();
  for (const error of await Promise.all(lost)) {
    expect(error).toMatchObject({ code: "service.stopping" });
  }
  await until(() => aborted.length === 2 && server.native.clients === 1);
  gate.open();
  await kept;
  expect(proxy.accepted).toBe(1);
  await stays.close();
  await until(() => server.native.clients === 0 && proxy.open === 0);
  // The next one dials anew.
  await using next = new Client(where);
  gate.open();
  await next.encode("stays");
  expect(proxy.accepted).toBe(2);
});

test("clients whose connection was lost with its server come back on one", async () => {
  const gate = new Gate();
  const first = await startNative(() => gate.pass());
  await using proxy = await TcpProxy.open(first.port);
  await using stack = new AsyncDisposableStack();
  const clients = clientsOf(stack, 16, { ip: "127.0.0.1", port: proxy.port });
  const asked = clients.map((client, index) => client.encode<number>(index));
  await until(() => gate.waiting === 16);
  await proxy.hide();
  await first[Symbol.asyncDispose]();
  await until(() => clients.every(({ status }) => status.servers[0]?.state !== "up"));
  await using second = await startNative((item) => item, { port: first.port });
  await proxy.show();
  expect(await Promise.all(asked)).toEqual(clients.map((_, index) => index));
  expect(second.native.clients).toBe(16);
  expect(proxy.open).toBeLessThanOrEqual(2);
});

test("who comes to a connection that is silent has one of its own in time", async () => {
  await using server = await startNative((item) => item);
  await using proxy = await TcpProxy.open(server.port);
  const where = { ip: "127.0.0.1", port: proxy.port, toleranceMs: 60_000, connectTimeoutMs: 2_000 };
  await using first = new Client(where);
  expect(await first.encode(1)).toBe(1);
  proxy.pause();
  await using second = new Client(where);
  const asked = second.encode(2);
  // What has come by now is held for ever, what comes later passes.
  await until(() => proxy.accepted === 2, { what: "a connection of its own" });
  proxy.cutHalf("near");
  proxy.resume();
  expect(await asked).toBe(2);
});

test("a client hears what is served when it comes, not when its connection was made", async () => {
  let names = ["one"];
  const models = new FakeModels({ m: (item) => item });
  models.list = () => names.map((name) => ({ ...models.get("m").facts, name }));
  await using server = await startNative(models);
  await using first = new Client({ port: server.port });
  expect((await first.models()).map(({ name }) => name)).toEqual(["one"]);
  names = ["one", "two"];
  await using second = new Client({ port: server.port });
  expect((await second.models()).map(({ name }) => name)).toEqual(["one", "two"]);
});

test("a server that is stopping takes no more clients on a connection that it has", async () => {
  const gate = new Gate();
  await using server = await startNative(() => gate.pass());
  const where = { ip: "127.0.0.1", port: server.port, connectTimeoutMs: 1_000 };
  await using first = new Client(where);
  const asked = first.encode(1);
  await until(() => gate.waiting === 1);
  const drained = server.drain();
  await using second = new Client({ ...where, retries: 0 });
  expect(await thrownBy(second.encode(2))).toMatchObject({ code: "service.stopping" });
  gate.open();
  await asked;
  await drained;
});

test("a dial that its first client gives up is carried on for the others", async () => {
  await using server = await startNative((item) => item);
  await using proxy = await TcpProxy.open(server.port);
  proxy.pause();
  const where = { ip: "127.0.0.1", port: proxy.port };
  const [first, second] = [new Client(where), new Client(where)];
  await using _second = second;
  const [given, carried] = [thrownBy(first.encode(1)), second.encode(2)];
  await until(() => proxy.accepted === 1);
  await first.close();
  proxy.resume();
  expect(await carried).toBe(2);
  expect(await given).toMatchObject({ code: "service.stopping" });
  expect(proxy.accepted).toBe(1);
  await until(() => server.native.clients === 1, { what: "the one who gave up to be forgotten" });
});
