import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "bun:test";
import { NetworkError } from "../../../../src/core/errors.ts";
import { VERSION } from "../../../../src/core/version.ts";
import { Client } from "../../../../src/serve/client/client.ts";
import { freePort } from "../../../support/free-port.ts";
import { thrownBy } from "../../../support/interaction.ts";
import { startNative } from "../../../support/native-server.ts";

/** A port that accepts connections and says nothing. */
async function silentPort(port = 0): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

test("a server that is not there is a NetworkError at once, for whatever is asked", async () => {
  const port = await freePort();
  await using client = new Client({ ip: "127.0.0.1", port });
  const asks = [
    () => client.encode(1),
    () => client.connect(),
    () => client.serverStatus(),
    () => client.stream(1).next(),
    () => client.listen().ready,
    () => client.listen().next(),
  ];
  for (const ask of asks) {
    const error = await thrownBy(ask());
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({
      code: "network.refused",
      hint: "Start `ding serve` there, or check host and port.",
    });
    expect(error.message).toContain(`127.0.0.1:${port}`);
  }
  await client.encode(1, { blocking: false });
  expect(await client.fetchAll({ returnId: true })).toMatchObject([{ errorCode: 1 }]);
  expect(client.status.servers).toMatchObject([{ state: "idle" }]);
});

test("a server without TLS that is asked with TLS is told as that", async () => {
  await using server = await startNative((item) => item);
  await using client = new Client({ ip: `https://127.0.0.1:${server.port}` });
  const error = await thrownBy(client.encode(1));
  expect(error).toMatchObject({
    code: "network.protocol",
    hint: expect.stringContaining("does not speak TLS: write http://") as string,
  });
});

test("a port that says nothing is a NetworkError within the connect timeout", async () => {
  await using silent = await silentPort();
  await using client = new Client({ port: silent.port, connectTimeoutMs: 200 });
  const error = await thrownBy(client.encode(1));
  expect(error).toBeInstanceOf(NetworkError);
  expect(error).toMatchObject({ code: "network.timeout" });
  expect(error.message).toContain("200 ms");
});

test("a port that says nothing anymore is one once the connect timeout has passed, in whole milliseconds", async () => {
  const server = await startNative((item) => item);
  await using client = new Client({ port: server.port, connectTimeoutMs: 500 });
  await client.encode(1);
  await server[Symbol.asyncDispose]();
  await using _silent = await silentPort(server.port);
  const { message } = await thrownBy(client.encode(1));
  expect(message).toMatch(/no answer (in|within) \d+ ms$/);
});

test("a host that does not exist is told as that", async () => {
  await using client = new Client({ ip: "no-such-host.invalid", connectTimeoutMs: 5_000 });
  expect(await thrownBy(client.encode(1))).toBeInstanceOf(NetworkError);
});

test("close() ends a dial that is under way", async () => {
  await using silent = await silentPort();
  await using client = new Client({ port: silent.port, connectTimeoutMs: 60_000 });
  const asked = thrownBy(client.encode(1));
  await client.close();
  expect(await asked).toMatchObject({ code: "service.stopping" });
});

test("a request's own timeout ends it while its server is dialled", async () => {
  await using silent = await silentPort();
  await using client = new Client({ port: silent.port, connectTimeoutMs: 60_000 });
  expect(await thrownBy(client.encode(1, { timeoutMs: 50 }))).toMatchObject({
    code: "task.timed-out",
  });
});

test("a token that is missing or wrong is told as that, and the right one opens", async () => {
  await using server = await startNative((item) => item, { token: "secret" });
  const { port } = server;
  await using none = new Client({ port });
  expect(await thrownBy(none.encode(1))).toMatchObject({ code: "auth.missing" });
  await using wrong = new Client({ port, token: "wrong" });
  expect(await thrownBy(wrong.encode(1))).toMatchObject({ code: "auth.refused" });
  await using right = new Client({ port, token: "secret" });
  expect(await right.encode(1)).toBe(1);
});

test("what is no ding serve is told as that", async () => {
  using other = Bun.serve({ port: 0, fetch: () => new Response("hello") });
  await using client = new Client({ port: Number(other.port) });
  const error = await thrownBy(client.encode(1));
  expect(error).toMatchObject({ code: "network.protocol" });
  expect(error.message).toContain("no ding serve");
  using missing = Bun.serve({ port: 0, fetch: () => new Response("no", { status: 404 }) });
  await using second = new Client({ port: Number(missing.port) });
  expect((await thrownBy(second.encode(1))).message).toContain("no ding serve");
});

test("checkVersion compares the releases and says both; without it any will do", async () => {
  await using server = await startNative((item) => item);
  const { port } = server;
  await using client = new Client({ port });
  await client.connect();
  expect(client.status).toMatchObject({ clientVersion: VERSION, servers: [{ version: VERSION }] });
});
