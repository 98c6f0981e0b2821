import { expect, test } from "bun:test";
import { DingError, NetworkError } from "../../../../src/core/errors.ts";
import { Client } from "../../../../src/serve/client/client.ts";
import { FakeModels, untilAborted } from "../../../support/fake-models.ts";
import { freePort } from "../../../support/free-port.ts";
import { Gate, thrownBy } from "../../../support/interaction.ts";
import { startNative } from "../../../support/native-server.ts";
import { until } from "../../../support/until.ts";

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("requests go to the server with the least to do", async () => {
  const gate = new Gate();
  await using slow = await startNative(() => gate.pass().then(() => "slow"));
  await using quick = await startNative(async () => {
    await turn();
    return "quick";
  });
  await using client = new Client({ servers: [slow.address, quick.address] });
  await until(async () => {
    await client.connect();
    return client.status.servers.every(({ state }) => state === "up") || client.connect();
  });
  const told: unknown[] = [];
  const ask = async (): Promise<void> => void told.push(await client.encode(1));
  const held = [ask(), ask()];
  // Both of them: as long as one is on its way the servers have as much to do.
  await until(() => told.length === 1 && gate.waiting === 1);
  for (let round = 0; round < 50; round++) await ask();
  expect(told.filter((who) => who === "quick").length).toBeGreaterThanOrEqual(45);
  gate.open();
  await Promise.all(held);
});

test("three servers, two of which die under load: every request is answered once", async () => {
  const stack = new AsyncDisposableStack();
  await using _servers = stack;
  const answers = new Map<unknown, number>();
  const start = (name: string): ReturnType<typeof startNative> =>
    startNative(async (item) => {
      await turn();
      return [name, item];
    });
  const servers = await Promise.all(["a", "b", "c"].map(start));
  for (const server of servers) stack.use(server);
  await using client = new Client({ servers: servers.map(({ address }) => address), window: 48 });
  const items = Array.from({ length: 3_000 }, (_, index) => index);
  const names = new Set<unknown>();
  let done = 0;
  await Promise.all(
    items.map(async (item) => {
      const [name, same] = await client.encode<[string, number]>(item);
      names.add(name);
      answers.set(same, (answers.get(same) ?? 0) + 1);
      done += 1;
      if (done === 1_000) await servers[0]?.[Symbol.asyncDispose]();
      if (done === 2_000) await servers[1]?.[Symbol.asyncDispose]();
    }),
  );
  expect(names).toEqual(new Set(["a", "b", "c"]));
  expect([answers.size, [...answers.values()].every((count) => count === 1)]).toEqual([
    3_000,
    true,
  ]);
  expect(client.status.servers.map(({ state }) => state).at(-1)).toBe("up");
});

test("a request whose server is lost is answered by another", async () => {
  const models = new FakeModels({ m: (_item, { signal }) => untilAborted(signal) });
  const first = await startNative(models);
  await using second = await startNative(() => "second");
  await using client = new Client({ servers: [first.address, second.address] });
  await client.connect();
  const asked: Promise<unknown>[] = [];
  await until(() => {
    asked.push(client.encode(1));
    return models.requests.length > 0;
  });
  await first[Symbol.asyncDispose]();
  expect(new Set(await Promise.all(asked))).toEqual(new Set(["second"]));
});

test("a server that is stopping hands over; one that is full is left alone for as long as it says", async () => {
  const times: number[] = [];
  await using full = await startNative((item) => {
    times.push(performance.now());
    if (times.length === 1) {
      throw new DingError("queue.full", "full", { details: { retryAfterMs: 300 } });
    }
    return item;
  });
  await using alone = new Client({ ip: full.address });
  expect(await alone.encode(1)).toBe(1);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(295);

  await using stopping = await startNative(() => "stopping");
  await using other = await startNative(() => "other");
  await using client = new Client({ servers: [stopping.address, other.address] });
  await until(async () => {
    await client.encode(1);
    return client.status.servers.every(({ state }) => state === "up");
  });
  await stopping.drain();
  const told = await Promise.all(Array.from({ length: 20 }, () => client.encode(1)));
  expect(new Set(told)).toEqual(new Set(["other"]));
});

test("with retries: 0 a busy server is an error, and a lost request too", async () => {
  const models = new FakeModels({
    m: (item, { signal }) => {
      if (item === "full") throw new DingError("queue.full", "full");
      return untilAborted(signal);
    },
  });
  const server = await startNative(models);
  await using client = new Client({ ip: server.address, retries: 0 });
  expect(await thrownBy(client.encode("full"))).toMatchObject({ code: "queue.full" });
  const asked = thrownBy(client.encode(1));
  await until(() => models.requests.length === 2);
  await server[Symbol.asyncDispose]();
  expect(await asked).toBeInstanceOf(NetworkError);
});

test("servers that are not there are left out, and taken in when they come", async () => {
  const port = await freePort();
  await using here = await startNative(() => "here");
  await using client = new Client({ servers: [`127.0.0.1:${port}`, here.address] });
  expect(await client.encode(1)).toBe("here");
  await until(() => client.status.servers[0]?.error !== undefined);
  await using late = await startNative(() => "late", { port });
  await until(async () => (await client.encode(1)) === "late", { timeoutMs: 15_000 });
  expect(late.native.clients).toBe(1);
});

test("without any server there all their reasons are told", async () => {
  const ports = [await freePort(), await freePort()];
  await using client = new Client({ servers: ports.map((port) => `127.0.0.1:${port}`) });
  const error = await thrownBy(client.encode(1));
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.message).toContain("Cannot reach any of 2 servers");
  for (const port of ports) expect(error.message).toContain(`:${port}`);
});

test("a model that is being loaded is waited for; one that is not there only for the connect timeout", async () => {
  const retryAfterMs = 20;
  const connectTimeoutMs = 1_000;
  let state = "LOADING";
  let times = 0;
  await using server = await startNative(() => {
    times += 1;
    if (state === "READY") return "ready";
    const details = { state, retryAfterMs };
    throw new DingError("model.not-ready", `it is ${state}`, { details });
  });
  await using client = new Client({ ip: server.address, connectTimeoutMs });
  const asked = client.encode(1);
  // Each time is at least so much later than the one before.
  await until(() => times * retryAfterMs > 1.5 * connectTimeoutMs);
  state = "READY";
  expect(await asked).toBe("ready");
  state = "UNAVAILABLE";
  expect(await thrownBy(client.encode(1))).toMatchObject({ code: "model.not-ready" });
});
