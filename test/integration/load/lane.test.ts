import { expect, test } from "bun:test";
import { Lane } from "../../../src/load/lane.ts";
import { Lanes } from "../../../src/load/lanes.ts";
import { dialTo, parseTarget, requestBytes } from "../../../src/load/target.ts";
import { freePort } from "../../support/free-port.ts";
import { until } from "../../support/until.ts";
import { rawServer } from "../http/raw-server.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A lane whose ends can be waited for, one by one. */
function laneTo(url: string): Disposable & { lane: Lane; ask(): Promise<string | number> } {
  const target = parseTarget(url);
  const body = { bytes: Buffer.from("hi"), headers: {} };
  const request = requestBytes(target, body);
  let settle: (outcome: string | number) => void = () => {};
  const lane = new Lane(dialTo(target, {}), ({ failure, status }) => settle(failure ?? status));
  return {
    lane,
    ask() {
      const outcome = Promise.withResolvers<string | number>();
      settle = outcome.resolve;
      lane.send(request);
      return outcome.promise;
    },
    [Symbol.dispose]: () => lane.close(),
  };
}

test("send() uses a connection again", async () => {
  await using server = await rawServer((socket) => socket.write(OK));
  using client = laneTo(server.url);
  for (let turn = 0; turn < 5; turn++) expect(await client.ask()).toBe(200);
  expect(server.received.length).toBe(1);
});

test("send() opens another connection where the server wants that, or has closed", async () => {
  const close = OK.replace("Content", "Connection: close\r\nContent");
  await using server = await rawServer((socket) => socket.end(close));
  using client = laneTo(server.url);
  expect(await client.ask()).toBe(200);
  expect(await client.ask()).toBe(200);
  expect(server.received.length).toBe(2);
});

test("send() takes an answer that ends with the connection", async () => {
  await using server = await rawServer((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nall of it"));
  using client = laneTo(server.url);
  expect(await client.ask()).toBe(200);
  expect(await client.ask()).toBe(200);
});

test("send() tells why there is no answer, and the next one is whole again", async () => {
  const answers = ["what?\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha", OK];
  await using server = await rawServer((socket) => {
    const answer = answers.shift() ?? OK;
    if (answer === OK) socket.write(answer);
    else socket.end(answer);
  });
  using client = laneTo(server.url);
  expect(await client.ask()).toBe("malformed");
  expect(await client.ask()).toBe("closed");
  expect(await client.ask()).toBe(200);
});

test("send() says that nobody listens", async () => {
  using client = laneTo(`http://127.0.0.1:${await freePort()}`);
  expect(await client.ask()).toBe("refused");
  expect(await client.ask()).toBe("refused");
});

test("bytes that nobody asked for end the connection, not the lane", async () => {
  await using server = await rawServer((socket) => socket.write(OK));
  using client = laneTo(server.url);
  expect(await client.ask()).toBe(200);
  for (const socket of server.open) socket.write("by the way");
  await until(() => server.open.size === 0);
  expect(await client.ask()).toBe(200);
});

test("a request without an answer is cut after the timeout", async () => {
  await using server = await rawServer(() => {});
  const target = parseTarget(server.url);
  const requests = [requestBytes(target, { bytes: new Uint8Array(), headers: {} })];
  const failures: unknown[] = [];
  const options = { dial: dialTo(target, {}), requests, timeoutMs: 50 };
  using lanes = new Lanes(options, ({ failure }) => failures.push(failure));
  lanes.send(lanes.add(), performance.now());
  await until(() => failures.length > 0);
  expect(failures).toEqual(["timeout"]);
  await until(() => server.open.size === 0);
});

test("drain() gives up what has no answer in time", async () => {
  await using server = await rawServer(() => {});
  const target = parseTarget(server.url);
  const requests = [requestBytes(target, { bytes: new Uint8Array(), headers: {} })];
  const failures: unknown[] = [];
  const options = { dial: dialTo(target, {}), requests, timeoutMs: 60_000 };
  using lanes = new Lanes(options, ({ failure }) => failures.push(failure));
  for (let count = 0; count < 3; count++) lanes.send(lanes.add(), performance.now());
  await lanes.drain(20, () => failures.push("late"));
  expect(failures).toEqual(["late", "unanswered", "unanswered", "unanswered"]);
});

test.each(["ftp://a", "", "http://"])("parseTarget(%j) throws", (text) => {
  expect(() => parseTarget(text)).toThrow("names no HTTP server");
});

test("parseTarget() takes an address without http://", () => {
  expect(parseTarget("127.0.0.1:8900").href).toBe("http://127.0.0.1:8900/");
  expect(parseTarget("n1").href).toBe("http://n1/");
});
