import { connect } from "node:net";
import { expect, test } from "bun:test";
import { messageOf, type DingError } from "../../../src/core/errors.ts";
import { createApp, type App } from "../../../src/http/app.ts";
import { answer, readBody } from "../../../src/http/body.ts";
import { HttpClient } from "../../../src/http/client.ts";
import { requestJson } from "../../../src/http/json-client.ts";
import { listenHttp, type ListeningApp } from "../../../src/http/listen.ts";
import { msgpack } from "../../../src/protocol/codec.ts";
import { Tensor } from "../../../src/protocol/tensor.ts";
import { until } from "../../support/until.ts";
import { rawServer } from "./raw-server.ts";

const LIMIT_BYTES = 1024 * 1024;
const TOKEN = "t0ken";

function makeApp(token?: string): App {
  const app = createApp({ health: { isLive: () => true, isReady: () => false }, token });
  const read = { limitBytes: LIMIT_BYTES };
  app.on(["POST", "GET", "DELETE"], "/echo", async (context) =>
    answer(context, { got: (await readBody(context, read)) ?? null }),
  );
  return app;
}

const serve = (token?: string): Promise<ListeningApp> =>
  listenHttp(makeApp(token), { host: "127.0.0.1", port: 0, token });

test("an app answers over a socket, JSON and msgpack, with Tensors in both", async () => {
  await using server = await serve();
  using client = new HttpClient();
  const url = `${server.url}/echo`;
  const tensor = new Tensor(Float32Array.of(1, 2), [2, 1]);
  expect(await requestJson(client, { method: "POST", url, value: { tensor } })).toEqual({
    got: { tensor: [[1], [2]] },
  });
  const type = msgpack.contentType;
  const { status, headers, body } = await client.request({
    method: "POST",
    url,
    headers: { "Content-Type": type, Accept: type },
    body: msgpack.encode({ tensor }),
  });
  expect([status, headers["content-type"]]).toEqual([200, type]);
  expect(msgpack.decode(body)).toStrictEqual({ got: { tensor } });
});

test("an app tells HEAD what it would tell GET, without the body", async () => {
  await using server = await serve();
  for (const path of ["/health/live", "/nothing"]) {
    const url = `${server.url}${path}`;
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const [got, head] = [await fetch(url), await fetch(url, { method: "HEAD" })];
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const [body, none] = [await got.text(), await head.text()];
    expect([head.status, none]).toEqual([got.status, ""]);
    const length = String(body.length);
    expect([got, head].map(({ headers }) => headers.get("content-length"))).toEqual([
      length,
      length,
    ]);
  }
});

test("an app reads the body of a DELETE", async () => {
  await using server = await serve();
  using client = new HttpClient();
  const value = { a: 1 };
  expect(await requestJson(client, { method: "DELETE", url: `${server.url}/echo`, value })).toEqual(
    {
      got: value,
    },
  );
});

test("requestJson() throws the error that the server had", async () => {
  await using server = await serve(TOKEN);
  using client = new HttpClient();
  const ask = async (path: string, token?: string): Promise<DingError> =>
    await requestJson(client, { method: "GET", url: `${server.url}${path}`, token }).then(
      () => Promise.reject(new Error("it did not throw")),
      (error: unknown) => error as DingError,
    );
  expect((await ask("/echo")).code).toBe("auth.missing");
  expect((await ask("/echo", "wrong")).code).toBe("auth.refused");
  expect((await ask("/nothing", TOKEN)).code).toBe("http.not-found");
  expect((await ask("/health/ready")).code).toBe("peer.refused");
});

test("requestJson() shows that the other end is no ding server", async () => {
  using client = new HttpClient();
  await using server = await rawServer((socket) =>
    socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<h1>hello</h1>"),
  );
  const url = `${server.url}/status`;
  const message = await requestJson(client, { method: "GET", url }).catch(messageOf);
  expect(message).toStartWith(`Cannot read answer of GET ${url} with status 200: `);
});

test("an app refuses a body beyond its limit, and answers the next request", async () => {
  await using server = await serve();
  using client = new HttpClient();
  const url = `${server.url}/echo`;
  const body = new Uint8Array(LIMIT_BYTES + 1);
  for (let i = 0; i < 3; i++) {
    const { status } = await client.request({ method: "POST", url, body });
    expect(status).toBe(413);
  }
  expect(await requestJson(client, { method: "POST", url, value: 1 })).toEqual({ got: 1 });
});

test("an app refuses an endless body in chunks without keeping it", async () => {
  await using server = await serve();
  const socket = connect(server.port, "127.0.0.1");
  let answered = "";
  let sentBytes = 0;
  let isClosed = false;
  socket.on("data", (chunk) => (answered += chunk.toString()));
  socket.on("error", () => {}); // the server may cut what it refuses
  socket.on("close", () => (isClosed = true));
  socket.write("POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
  await until(() => {
    while (!isClosed && answered === "" && socket.writableLength < 1_000_000) {
      socket.write(chunk);
      sentBytes += chunk.length;
    }
    return answered !== "" || isClosed;
  });
  await until(() => answered !== "");
  expect(answered).toStartWith("HTTP/1.1 413 ");
  expect(sentBytes).toBeLessThan(64 * LIMIT_BYTES);
  socket.destroy();
});

test("an app survives a client that goes away in the middle of its body", async () => {
  await using server = await serve();
  using client = new HttpClient();
  for (const head of ["Content-Length: 1000", "Transfer-Encoding: chunked"]) {
    const socket = connect(server.port, "127.0.0.1");
    socket.write(`POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\n${head}\r\n\r\n3\r\nabc\r\n`);
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.destroy();
  }
  const url = `${server.url}/echo`;
  expect(await requestJson(client, { method: "POST", url, value: [] })).toEqual({ got: [] });
});

test("an app answers HTTP/1.0 without a Host, and HTTP/1.1 with an empty one, as load balancers ask for its health", async () => {
  await using server = await serve();
  const say = (request: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let heard = "";
      const socket = connect(server.port, "127.0.0.1", () => socket.write(request));
      socket.on("data", (bytes) => (heard += String(bytes)));
      socket.on("error", reject).on("close", () => resolve(heard));
    });
  expect(await say("GET /health/live HTTP/1.0\r\n\r\n")).toEndWith('{"live":true}');
  const posted = "POST /echo?a=b HTTP/1.0\r\nContent-Length: 7\r\n\r\n[1,2,3]";
  expect(await say(posted)).toEndWith('{"got":[1,2,3]}');
  const empty = posted.replace("1.0\r\n", "1.1\r\nHost: \r\nConnection: close\r\n");
  expect(await say(empty)).toEndWith('{"got":[1,2,3]}');
});
