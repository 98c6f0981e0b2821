import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { Client } from "../../../../src/serve/client/client.ts";
import type { Heard, Listening } from "../../../../src/serve/client/listening.ts";
import { thrownBy } from "../../../support/interaction.ts";
import { startNative } from "../../../support/native-server.ts";
import { TcpProxy } from "../../../support/tcp-proxy.ts";
import { until } from "../../../support/until.ts";

/** Keeps what is heard, and how it ended. */
function collect(listening: Listening): { heard: Heard[]; ended: Promise<unknown> } {
  const heard: Heard[] = [];
  const ended = (async () => {
    try {
      for await (const answer of listening) heard.push(answer);
      return "over";
    } catch (thrown) {
      return (thrown as DingError).code ?? thrown;
    }
  })();
  return { heard, ended };
}

test("listen(): all clients of exactly one identity hear every answer, errors too", async () => {
  await using server = await startNative((item) => {
    if (item === 2) throw new DingError("task.failed", "no");
    return { y: item };
  });
  const { port } = server;
  await using stack = new AsyncDisposableStack();
  const open = (identity: string, options = {}): Client =>
    stack.use(new Client({ port, identity, broadcast: true, ...options }));
  const team = [open("team"), open("team"), open("team")];
  const strangers = ["team-2", "tea", "team#1", "TEAM"].map((identity) => open(identity));
  const listening = [...team, ...strangers].map((client) => client.listen());
  await Promise.all(listening.map(({ ready }) => ready));
  const collected = listening.map(collect);
  const producer = open("team");
  expect([producer.identity, producer.broadcast]).toEqual(["team", true]);
  await Promise.all([1, 2, 3].map((item) => producer.encode(item).catch(() => {})));
  await until(() => collected.slice(0, 3).every(({ heard }) => heard.length === 3));
  for (const { heard } of collected.slice(0, 3)) {
    expect(heard.map((one) => ("error" in one ? one.error.code : one.result))).toEqual([
      { y: 1 },
      "task.failed",
      { y: 3 },
    ]);
    expect(heard.map(({ id }) => id)).toEqual(["1", "2", "3"]);
  }
  // Their own connections have been in order behind every answer.
  await Promise.all(strangers.map((client) => client.serverStatus()));
  expect(collected.slice(3).every(({ heard }) => heard.length === 0)).toBe(true);

  const secret = open("team", { broadcast: false });
  await secret.encode(9);
  await Promise.all(team.map((client) => client.serverStatus()));
  expect(collected[0]?.heard).toHaveLength(3);
  for (const one of listening) await one[Symbol.asyncDispose]();
  expect(await collected[0]?.ended).toBe("over");
});

test("listen() hears the answers to non-blocking requests and to the client itself", async () => {
  await using server = await startNative((item) => item);
  await using client = new Client({ port: server.port, identity: "a#b#c" });
  await using listening = client.listen();
  await listening.ready;
  await client.encode("own", { requestId: "r" });
  expect(await listening.next()).toEqual({ done: false, value: { id: "r", result: "own" } });
});

test("a listener that does not take its answers is let go with an error, and holds up nobody", async () => {
  await using server = await startNative((item) => item);
  await using producer = new Client({ port: server.port, identity: "t" });
  await using consumer = new Client({ port: server.port, identity: "t" });
  const slow = consumer.listen({ maxAnswers: 5 });
  const good = consumer.listen();
  await Promise.all([slow.ready, good.ready]);
  const { heard } = collect(good);
  for (let item = 0; item < 20; item++) await producer.encode(item);
  await until(() => heard.length === 20);
  const kept: unknown[] = [];
  const error = await thrownBy(
    (async () => {
      for await (const answer of slow) kept.push(answer.id);
    })(),
  );
  expect(error).toMatchObject({ code: "queue.full" });
  expect(error.message).toContain("too slow");
  expect(kept).toEqual(["1", "2", "3", "4", "5", "6"]);
});

test("a listener whose connection takes nothing is let go by the server, and holds up nobody", async () => {
  await using server = await startNative((item) => item, { toleranceMs: 60_000 });
  await using proxy = await TcpProxy.open(server.port);
  await using producer = new Client({ port: server.port, identity: "t" });
  const stuck = { ip: "127.0.0.1", port: proxy.port, toleranceMs: 60_000 };
  await using consumer = new Client({ ...stuck, identity: "t" });
  const listening = consumer.listen();
  await listening.ready;
  const { ended } = collect(listening);
  proxy.pause();
  const large = new Uint8Array(1024 * 1024);
  for (let round = 0; round < 24; round++) await producer.encode(large);
  proxy.resume();
  expect(await ended).toBe("queue.full");
  expect(await consumer.encode(1)).toBe(1);
});

test("listen() goes on by itself when its server comes back", async () => {
  const first = await startNative((item) => item);
  await using proxy = await TcpProxy.open(first.port);
  await using consumer = new Client({ ip: "127.0.0.1", port: proxy.port, identity: "t" });
  const listening = consumer.listen();
  await listening.ready;
  const { heard } = collect(listening);
  await proxy.hide();
  await first[Symbol.asyncDispose]();
  await until(() => consumer.status.servers[0]?.error !== undefined);
  await using second = await startNative((item) => item, { port: first.port });
  await proxy.show();
  await using producer = new Client({ port: second.port, identity: "t" });
  await until(async () => {
    await producer.encode(1);
    return heard.length > 0;
  });
  await listening.return();
});

test("listen() ends with a NetworkError when no server comes back, and with its signal's reason", async () => {
  const server = await startNative((item) => item);
  await using client = new Client({ port: server.port, connectTimeoutMs: 1_000 });
  const stop = new AbortController();
  const [lost, stopped] = [client.listen(), client.listen({ signal: stop.signal })];
  await Promise.all([lost.ready, stopped.ready]);
  stop.abort(new Error("enough"));
  expect((await thrownBy(stopped.next())).message).toBe("enough");
  await server[Symbol.asyncDispose]();
  // The last dial may have had no time left to hear that it is refused.
  expect(["network.refused", "network.timeout"]).toContain((await collect(lost).ended) as string);
});

test("who listens over several servers hears the answers of each", async () => {
  await using one = await startNative(() => "one");
  await using two = await startNative(() => "two");
  await using consumer = new Client({ servers: [one.address, two.address], identity: "t" });
  const { heard } = collect(consumer.listen());
  await until(() => consumer.status.servers.every(({ state }) => state === "up"));
  await consumer.serverStatus();
  await using first = new Client({ ip: one.address, identity: "t" });
  await using second = new Client({ ip: two.address, identity: "t" });
  await until(async () => {
    await Promise.all([first.encode(1), second.encode(1)]);
    return new Set(heard.map((answer) => "result" in answer && answer.result)).size === 2;
  });
});
