import { expect, test } from "bun:test";
import { NetworkError, type DingError } from "../../../src/core/errors.ts";
import { HttpClient, type HttpRequest } from "../../../src/http/client.ts";
import { freePort } from "../../support/free-port.ts";
import { until } from "../../support/until.ts";
import { isWhole, rawServer } from "./raw-server.ts";

const BODY = new TextEncoder().encode('{"a":1}');
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function failure(client: HttpClient, request: HttpRequest): Promise<DingError> {
  const thrown = await client.request(request).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Error);
  return thrown as DingError;
}

for (const method of ["GET", "DELETE", "PUT", "POST"]) {
  test(`request() sends ${method} with a body, its length, no type, and reads HTTP/1.0`, async () => {
    using client = new HttpClient();
    await using server = await rawServer((socket, received) => {
      if (!isWhole(received, BODY.length)) return;
      // As Werkzeug 2.0 answers: the end of the connection is the end of the body.
      socket.write("HTTP/1.0 400 BAD REQUEST\r\nContent-Type: application/json\r\n");
      socket.end('Server: Werkzeug/2.0.3 Python/3.8\r\n\r\n{"success": false}\n');
    });
    const url = `${server.url}/base/slave/heartbeat?x=1`;
    const headers = { Channel: "233", Token: "t" };
    const answer = await client.request({ method, url, headers, body: BODY });
    expect(answer.status).toBe(400);
    expect(answer.headers["server"]).toBe("Werkzeug/2.0.3 Python/3.8");
    expect(text(answer.body)).toBe('{"success": false}\n');
    const [head = "", body] = (server.received[0] ?? "").split("\r\n\r\n");
    expect(head.startsWith(`${method} /base/slave/heartbeat?x=1 HTTP/1.1\r\n`)).toBe(true);
    expect(head).toMatch(/^content-length: 7$/im);
    expect(head).toMatch(/^channel: 233$/im);
    expect(head).toMatch(/^token: t$/im);
    expect(head).not.toMatch(/content-type|transfer-encoding/i);
    expect(body).toBe('{"a":1}');
  });
}

test("request() without a body tells a length of 0 where a body could be", async () => {
  using client = new HttpClient();
  await using server = await rawServer((socket) =>
    socket.end("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
  );
  for (const method of ["POST", "DELETE", "GET"]) await client.request({ method, url: server.url });
  expect(server.received.map((head) => /content-length: (\d+)/i.exec(head)?.[1])).toEqual([
    "0",
    "0",
    undefined,
  ]);
});

test("request() keeps its connection for the next; disposing closes it", async () => {
  await using server = await rawServer((socket) =>
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
  );
  {
    using client = new HttpClient();
    for (let i = 0; i < 5; i++) await client.request({ method: "GET", url: server.url });
    expect(server.received.length).toBe(1);
    expect(server.open.size).toBe(1);
  }
  await until(() => server.open.size === 0);
});

test("request() refuses after disposal, and what is under way ends", async () => {
  await using server = await rawServer(() => {});
  const client = new HttpClient();
  const waiting = failure(client, { method: "GET", url: server.url });
  await until(() => server.received.length === 1);
  client[Symbol.dispose]();
  expect((await waiting).code).toBe("service.stopping");
  expect((await failure(client, { method: "GET", url: server.url })).code).toBe("service.stopping");
  await until(() => server.open.size === 0);
});

test("request() fails with network.refused where nobody listens", async () => {
  using client = new HttpClient();
  const url = `http://127.0.0.1:${await freePort()}`;
  const error = await failure(client, { method: "GET", url: `${url}/x` });
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.code).toBe("network.refused");
  expect(error.message).toBe(`Cannot reach ${url}: connection refused`);
});

test("request() fails with network.unreachable for a host that is none", async () => {
  using client = new HttpClient();
  const url = "http://no-such-host.invalid:80/";
  const error = await failure(client, { method: "GET", url });
  expect(error.code).toBe("network.unreachable");
  expect(error.message).toStartWith("Cannot reach http://no-such-host.invalid: ");
});

const BROKEN: [what: string, bytes: string, code: string, message: string][] = [
  ["no answer", "", "network.closed", "the connection was closed"],
  [
    "half an answer",
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
    "network.closed",
    "the connection was closed",
  ],
  ["half a head", "HTTP/1.1 200 OK\r\nConte", "network.closed", "the connection was closed"],
  ["what is no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", "network.protocol", "it is no HTTP"],
];

for (const [what, bytes, code, message] of BROKEN) {
  test(`request() fails with ${code} on ${what}`, async () => {
    using client = new HttpClient();
    await using server = await rawServer((socket) => socket.end(bytes));
    const url = `http://user:pass@127.0.0.1:${server.port}/task/new?token=secret`;
    const error = await failure(client, { method: "POST", url, body: BODY });
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.code as string).toBe(code);
    expect(error.message).toBe(`Cannot read answer of POST ${server.url}/task/new: ${message}`);
  });
}

test("request() fails with network.closed when the connection is reset", async () => {
  using client = new HttpClient();
  await using server = await rawServer((socket) => socket.resetAndDestroy());
  const error = await failure(client, { method: "GET", url: server.url });
  expect(error.code).toBe("network.closed");
});

test("request() fails with network.timeout when the answer is not whole in time", async () => {
  using client = new HttpClient();
  await using silent = await rawServer(() => {});
  await using slow = await rawServer((socket) =>
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
  );
  for (const { url } of [silent, slow]) {
    const error = await failure(client, { method: "GET", url: `${url}/x`, timeoutMs: 300 });
    expect(error.code).toBe("network.timeout");
    expect(error.message).toBe(`Cannot get answer of GET ${url}/x: no answer within 300 ms`);
  }
  await until(() => silent.open.size === 0 && slow.open.size === 0);
});

test("request() rejects with the signal's reason, before and while it waits", async () => {
  using client = new HttpClient();
  await using server = await rawServer(() => {});
  const reason = new Error("enough");
  const control = new AbortController();
  const request = { method: "GET", url: server.url, signal: control.signal };
  const waiting = failure(client, request);
  await until(() => server.received.length === 1);
  control.abort(reason);
  expect(await waiting).toBe(reason as DingError);
  expect(await failure(client, request)).toBe(reason as DingError);
  expect(server.received.length).toBe(1);
  await until(() => server.open.size === 0);
});

test("request() stops reading an answer at its limit, announced or not", async () => {
  using client = new HttpClient();
  const page = "x".repeat(10_000);
  for (const head of ["Content-Length: 10000", "Connection: close"]) {
    await using server = await rawServer((socket) =>
      socket.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${page}`),
    );
    const request = { method: "GET", url: server.url };
    const error = await failure(client, { ...request, limitBytes: 9_999 });
    expect(error.code).toBe("network.protocol");
    expect(error.message).toEndWith("it is longer than 9999 bytes");
    const { body } = await client.request({ ...request, limitBytes: 10_000 });
    expect(body.length).toBe(10_000);
  }
});

test("request() refuses a URL that is none, or not HTTP", async () => {
  using client = new HttpClient();
  for (const url of ["", "127.0.0.1:80", "ftp://h/", "unix:/x"]) {
    const error = await failure(client, { method: "GET", url });
    expect(error.code).toBe("usage.invalid-input");
  }
});

test("request() sends and reads several MiB", async () => {
  using client = new HttpClient();
  const bytes = new Uint8Array(5 * 1024 * 1024).map((_, i) => i % 251);
  await using server = await rawServer((socket, received) => {
    if (!isWhole(received, bytes.length)) return;
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    socket.write(received.slice(-bytes.length), "latin1");
  });
  const { body } = await client.request({ method: "POST", url: server.url, body: bytes });
  expect(Bun.hash(body)).toBe(Bun.hash(bytes));
});
