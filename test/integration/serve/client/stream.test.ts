import { expect, test } from "bun:test";
import { DingError, NetworkError } from "../../../../src/core/errors.ts";
import { Client } from "../../../../src/serve/client/client.ts";
import type { FakeModel } from "../../../support/fake-models.ts";
import { Gate, thrownBy } from "../../../support/interaction.ts";
import { startNative } from "../../../support/native-server.ts";
import { TcpProxy } from "../../../support/tcp-proxy.ts";
import { until } from "../../../support/until.ts";

/** Counts up, as far as it is told, and knows how far it came. */
function counter(): FakeModel & { made: number; ended: number } {
  const model = {
    made: 0,
    ended: 0,
    predict: (item: unknown) => item,
    async *stream(item: unknown): AsyncGenerator<unknown> {
      try {
        for (let piece = 0; piece < (item as number); piece++) {
          model.made += 1;
          yield { piece };
          // A stream that never waits leaves the turn to nobody.
          if (piece % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        model.ended += 1;
      }
    },
  };
  return model;
}

test("stream() gives the pieces in order, to the end", async () => {
  const model = counter();
  await using server = await startNative({ model });
  await using client = new Client({ port: server.port });
  const pieces: number[] = [];
  for await (const { piece } of client.stream<{ piece: number }>(500)) pieces.push(piece);
  expect(pieces).toEqual(Array.from({ length: 500 }, (_, index) => index));
  for await (const _ of client.stream(0)) throw new Error("There is nothing in it");
  expect([model.made, model.ended]).toEqual([500, 2]);
});

test("stream() throws the model's error after the pieces before it", async () => {
  const model: FakeModel = {
    predict: (item) => item,
    async *stream() {
      yield 1;
      throw new DingError("task.failed", "no");
    },
  };
  await using server = await startNative({ model, plain: (item) => item });
  await using client = new Client({ port: server.port, model: "model" });
  const pieces = client.stream(1);
  expect((await pieces.next()).value).toBe(1);
  expect(await thrownBy(pieces.next())).toMatchObject({ code: "task.failed" });
  await using other = new Client({ port: server.port, model: "plain" });
  expect(await thrownBy(other.stream(1).next())).toMatchObject({ code: "usage.invalid-input" });
  await using none = new Client({ port: server.port, model: "none" });
  expect(await thrownBy(none.stream(1).next())).toMatchObject({ code: "http.not-found" });
});

test("leaving the loop of stream() ends it at the server", async () => {
  const model = counter();
  await using server = await startNative({ model });
  await using client = new Client({ port: server.port });
  for await (const { piece } of client.stream<{ piece: number }>(1e9)) if (piece === 5) break;
  await until(() => model.ended === 1 && server.native.desk.open === 0);
  const stop = new AbortController();
  const pieces = client.stream(1e9, { signal: stop.signal });
  await pieces.next();
  stop.abort(new Error("enough"));
  const rest = (async () => {
    for await (const _ of pieces) continue;
  })();
  expect((await thrownBy(rest)).message).toBe("enough");
  await until(() => model.ended === 2 && server.native.desk.open === 0);
});

test("a slow reader of stream() holds up the model of its stream, and nobody else", async () => {
  const model = counter();
  await using server = await startNative({ model });
  await using client = new Client({ port: server.port });
  const slow = client.stream(100_000);
  await slow.next();
  await until(() => model.made >= 60);
  const pieces: unknown[] = [];
  for await (const piece of client.stream(300)) pieces.push(piece);
  expect([pieces.length, await client.encode(1)]).toEqual([300, 1]);
  expect(model.made - 300).toBeLessThan(200);
  for (let taken = 0; taken < 500; taken++) await slow.next();
  expect(model.made - 300).toBeLessThan(800);
  await slow.return();
  await until(() => model.ended === 2);
});

test("stream() that is cut in the middle goes on; one whose server is lost is a NetworkError", async () => {
  const gate = new Gate();
  const model: FakeModel = {
    predict: (item) => item,
    async *stream() {
      yield 1;
      await gate.pass();
      yield 2;
    },
  };
  const server = await startNative({ model });
  await using proxy = await TcpProxy.open(server.port);
  await using client = new Client({ ip: "127.0.0.1", port: proxy.port, connectTimeoutMs: 1_000 });
  const [first, second] = [client.stream(1), client.stream(1)];
  expect([(await first.next()).value, (await second.next()).value]).toEqual([1, 1]);
  proxy.cut();
  gate.open();
  expect((await first.next()).value).toBe(2);
  await proxy.hide();
  await server[Symbol.asyncDispose]();
  const rest = (async () => {
    for await (const _ of client.stream(1)) continue;
  })();
  expect(await thrownBy(rest)).toBeInstanceOf(NetworkError);
});
