import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../../src/core/clock.ts";
import { NetworkError, type DingError } from "../../../../src/core/errors.ts";
import { VERSION } from "../../../../src/core/version.ts";
import { listenHttp } from "../../../../src/http/listen.ts";
import { acceptLink, dialLink } from "../../../../src/link/websocket.ts";
import { msgpack } from "../../../../src/protocol/codec.ts";
import { dialSession } from "../../../../src/rpc/dial.ts";
import { Peer } from "../../../../src/rpc/peer.ts";
import { SessionAcceptor } from "../../../../src/rpc/accept.ts";
import { Client } from "../../../../src/serve/client/client.ts";
import { SERVE_SESSION_PATH } from "../../../../src/serve/native/session-protocol.ts";
import { thrownBy } from "../../../support/interaction.ts";
import { startNative, type NativeServer } from "../../../support/native-server.ts";
import { TcpProxy } from "../../../support/tcp-proxy.ts";
import { until } from "../../../support/until.ts";

const pem = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../../http/tls", name), "utf8");
const SERVER = { cert: pem("server.pem"), key: pem("server.key") };

const HEARTBEAT = { heartbeatMs: 1_000, toleranceMs: 5_000, clock: systemClock };

/** A server whose welcome says what it is told to. */
async function startStranger(welcome: unknown): Promise<AsyncDisposable & { address: string }> {
  const acceptor = new SessionAcceptor({
    ...HEARTBEAT,
    boot: "b",
    handshakeTimeoutMs: 1_000,
    resumeMs: 100,
    admit: async () => ({
      welcome,
      listen: (session) => {
        const peer = new Peer(session, { call: (call) => call.reply(msgpack.encode("hello")) });
        return { message: (message) => peer.receive(message), detached() {}, ended() {} };
      },
    }),
  });
  const listening = await listenHttp(
    { fetch: () => new Response(null, { status: 404 }) },
    {
      host: "127.0.0.1",
      port: 0,
      token: undefined,
      sockets: {
        [SERVE_SESSION_PATH]: (request, info) =>
          acceptLink(request, info, (link) => void acceptor.accept(link)),
      },
    },
  );
  return {
    address: listening.address,
    async [Symbol.asyncDispose]() {
      acceptor[Symbol.dispose]();
      await listening[Symbol.asyncDispose]();
    },
  };
}

test("a server of another version is refused, with both versions; unless nobody looks", async () => {
  await using server = await startStranger({ version: "99.1.0", models: [] });
  const { address: ip } = server;
  await using client = new Client({ ip });
  const error = await thrownBy(client.encode(1));
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.message).toContain("99.1.0");
  expect(error.message).toContain(VERSION);
  await using careless = new Client({ ip, checkVersion: false });
  expect(await careless.encode(1)).toBe("hello");
  await using blind = new Client({ ip, ignoreAllChecks: true });
  expect(await blind.encode(1)).toBe("hello");
});

test("a server that says nothing of itself is refused; unless nobody looks", async () => {
  await using server = await startStranger(null);
  await using client = new Client({ ip: server.address, checkVersion: false });
  expect(await thrownBy(client.encode(1))).toMatchObject({ code: "network.protocol" });
  await using blind = new Client({ ip: server.address, ignoreAllChecks: true });
  expect(await blind.encode(1)).toBe("hello");
});

test("a session over TLS: whom the client trusts it talks to, by tls or by URL", async () => {
  await using server = await startNative((item) => item, { tls: SERVER });
  const tls = { ca: pem("ca.pem") };
  await using client = new Client({ ip: "127.0.0.1", port: server.port, tls });
  expect(await client.encode(1)).toBe(1);
  await using byUrl = new Client({ servers: [`https://127.0.0.1:${server.port}`], tls });
  expect(await byUrl.encode(2)).toBe(2);
  await using distrustful = new Client({ ip: `https://127.0.0.1:${server.port}` });
  expect(await thrownBy(distrustful.encode(1))).toBeInstanceOf(NetworkError);
  await using plain = new Client({ ip: "127.0.0.1", port: server.port });
  expect(await thrownBy(plain.encode(1))).toBeInstanceOf(NetworkError);
});

/** A session by hand, of a client that may say anything. */
async function dialByHand(
  server: NativeServer,
  hello: unknown,
): Promise<{ peer: Peer; end: () => void }> {
  const opened = Promise.withResolvers<Peer>();
  const { session } = await dialSession(
    {
      ...HEARTBEAT,
      hello,
      connectTimeoutMs: 5_000,
      openLink: (signal) =>
        dialLink(`ws://${server.address}${SERVE_SESSION_PATH}`, { timeoutMs: 5_000, signal }),
    },
    (made) => {
      const peer = new Peer(made, { call() {} });
      opened.resolve(peer);
      return {
        message: (message) => peer.receive(message),
        ended: () => peer.end({ code: "network.closed", message: "ended" }),
      };
    },
  );
  return { peer: await opened.promise, end: () => session.end() };
}

const HELLO = { identity: "i", instance: "n", version: VERSION, broadcast: true };

test("a client that says wrong things hears what is wrong, and harms no other", async () => {
  await using server = await startNative((item) => item);
  for (const hello of [null, "x", {}, { ...HELLO, identity: "" }, { ...HELLO, instance: 5 }]) {
    expect(await thrownBy(dialByHand(server, hello))).toMatchObject({
      code: "usage.invalid-input",
    });
  }
  const { peer, end } = await dialByHand(server, HELLO);
  const one = msgpack.encode(1);
  const wrong: [string, unknown][] = [
    ["infer", null],
    ["infer", []],
    ["infer", { id: "" }],
    ["infer", { id: 5 }],
    ["infer", { id: "x".repeat(2_000) }],
    ["infer", { id: "a", model: 5 }],
    ["infer", { id: "a", priority: -1 }],
    ["infer", { id: "a", timeoutMs: "1" }],
    ["infer", { id: "a", parameters: [] }],
    ["stream", { id: "a", credit: -1 }],
    ["stream", 5],
    ["infer", { id: "a", client: 7 }],
    ["infer", { id: "a", client: "7" }],
    ["join", null],
    ["join", { ...HELLO, identity: "" }],
  ];
  for (const [method, meta] of wrong) {
    expect(await thrownBy(peer.request(method, meta, one))).toMatchObject({
      code: "usage.invalid-input",
    });
  }
  expect(await thrownBy(peer.request("no such", null))).toMatchObject({ code: "network.protocol" });
  for (const meta of [null, [1], [1, -5], ["x", 5], [99, 5]]) await peer.request("more", meta);
  const listens = Array.from({ length: 300 }, () => thrownBy(peer.request("listen", null)));
  const refused = await Promise.all(listens.slice(256));
  expect(refused.every((error) => (error as DingError).code === "queue.full")).toBe(true);
  expect(await peer.request("infer", { id: "a" }, one)).toEqual(one);
  expect(await peer.request("infer", { id: "b" })).toEqual(msgpack.encode(null));
  // With the one of HELLO it is one too many.
  const joins = Array.from({ length: 1_024 }, () => peer.request("join", HELLO));
  expect(await thrownBy(joins.at(-1) as Promise<unknown>)).toMatchObject({ code: "queue.full" });
  expect(server.native.clients).toBe(1_024);
  for (const meta of [null, 5, "x", 0, 0]) await peer.request("leave", meta);
  expect(await thrownBy(peer.request("infer", { id: "c" }, one))).toMatchObject({
    code: "usage.invalid-input",
  });
  expect(server.native.desk.open).toBe(0);
  end();
  await Promise.all(listens);
  await until(() => server.native.clients === 0);
});

test("a result that no frame would hold is an error of its request alone", async () => {
  await using server = await startNative((item) =>
    item === "large" ? new Uint8Array(64 * 1024 * 1024) : item,
  );
  await using client = new Client({ port: server.port, identity: "t" });
  const listening = client.listen();
  await listening.ready;
  const error = (await thrownBy(client.encode("large"))) as DingError;
  expect([error.code, /limit is \d+/.test(error.message)]).toEqual(["task.invalid-result", true]);
  expect(await listening.next()).toMatchObject({
    value: { error: { code: "task.invalid-result" } },
  });
  expect(await client.encode(1)).toBe(1);
  expect(await thrownBy(client.encode(new Uint8Array(64 * 1024 * 1024)))).toMatchObject({
    code: "usage.invalid-input",
  });
});

test("a server that falls silent is given up after the tolerance, and another one answers", async () => {
  await using silent = await startNative(() => "silent");
  await using other = await startNative(() => "other");
  await using proxy = await TcpProxy.open(silent.port);
  await using client = new Client({
    servers: [`127.0.0.1:${proxy.port}`, other.address],
    toleranceMs: 1_000,
    heartbeatMs: 100,
    connectTimeoutMs: 5_000,
  });
  await until(async () => {
    await client.encode(1);
    return client.status.servers.every(({ state }) => state === "up");
  });
  proxy.pause();
  const told = await Promise.all(Array.from({ length: 20 }, () => client.encode(1)));
  expect(new Set(told)).toEqual(new Set(["other"]));
});
