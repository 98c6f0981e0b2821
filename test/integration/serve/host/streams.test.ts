import { expect, test } from "bun:test";
import type { DingError } from "../../../../src/core/errors.ts";
import { msgpack } from "../../../../src/protocol/codec.ts";
import type { Server } from "../../../../src/serve/server.ts";
import { modelFixture, predict, startServer } from "../../../support/serve.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { until } from "../../../support/until.ts";

const STREAM = modelFixture("stream.ts");

/** The pieces of one item's answer. */
async function* piecesOf(server: Server, item: object, client = "test"): AsyncGenerator<unknown> {
  const values = [msgpack.encode(item)];
  const request = { payload: { kind: "values", form: "msgpack", values }, client } as const;
  for await (const payload of server.models.get().stream(request)) {
    if (payload.kind === "values") for (const value of payload.values) yield msgpack.decode(value);
  }
}

/** The answer to one item, in this process: what comes first here came first from the worker. */
async function answerOf(server: Server, item: object): Promise<void> {
  const values = [msgpack.encode(item)];
  await server.models.get().infer({
    payload: { kind: "values", form: "msgpack", values },
    client: "test",
  });
}

async function codeOf(pieces: AsyncGenerator<unknown>): Promise<string> {
  try {
    for await (const _piece of pieces);
    return "no error";
  } catch (thrown) {
    return (thrown as DingError).code;
  }
}

test("a stream gives its pieces in order, beside requests that are answered at once", async () => {
  await using server = await startServer({ plugin: STREAM, workers: 2 });
  const pieces = Array.fromAsync(piecesOf(server, { pieces: 20, waitMs: 10 }));
  expect((await predict(server.url, { pieces: 3 })).body["output"]).toEqual({ pieces: 3 });
  expect(await pieces).toEqual(Array.from({ length: 20 }, (_, index) => index));
  // Both were runs of one row, and the worker of the stream was busy for as long as it took.
  const [{ counts, workers } = expect.unreachable()] = server.statistics.models();
  expect(counts).toMatchObject({ success: 2, rows: 2, batches: 2, batchRows: 2 });
  expect(Math.max(...Array.from(workers.values(), ({ ms }) => ms))).toBeGreaterThan(150);
});

test("streams and batches that wait for the one worker go in the order in which they came", async () => {
  await using server = await startServer({ plugin: STREAM, workers: 1 });
  const ends: string[] = [];
  const first = Array.fromAsync(piecesOf(server, { pieces: 5, waitMs: 100 })).then(() =>
    ends.push("first"),
  );
  await until(() => server.facts().models[0]?.workers[0]?.state === "busy", { what: "a stream" });
  const batch = answerOf(server, { pieces: 1 }).then(() => ends.push("batch"));
  await until(() => server.facts().models[0]?.queuedRows === 1, { what: "an item that waits" });
  const second = Array.fromAsync(piecesOf(server, { pieces: 1 })).then(() => ends.push("second"));
  await Promise.all([first, batch, second]);
  expect(ends).toEqual(["first", "batch", "second"]);
});

test("streams of one client that wait for the one worker let a request go between them, and another client's stream", async () => {
  await using server = await startServer({ plugin: STREAM, workers: 1 });
  const ends: string[] = [];
  const stream = (name: string, client: string, waitMs = 20): Promise<unknown> =>
    Array.fromAsync(piecesOf(server, { pieces: 3, waitMs }, client)).then(() => ends.push(name));
  const first = stream("a1", "a", 200);
  await until(() => server.facts().models[0]?.workers[0]?.state === "busy", { what: "a stream" });
  const others = ["a2", "a3"].map((name) => stream(name, "a"));
  const late = stream("b1", "b");
  const batches = ["one", "two"].map((name) =>
    answerOf(server, { pieces: 1 }).then(() => ends.push(name)),
  );
  await Promise.all([first, ...others, late, ...batches]);
  expect(ends.indexOf("one")).toBe(1);
  expect(ends.indexOf("b1")).toBeLessThan(ends.indexOf("a3"));
});

test("a stream whose worker dies before its first piece runs again; after one it fails", async () => {
  await using folder = await tempFolder();
  await using server = await startServer({ plugin: STREAM, workers: 1 });
  const item = { pieces: 3, dieOnce: folder.file("died") };
  expect(await Array.fromAsync(piecesOf(server, item))).toEqual([0, 1, 2]);
  const slow = piecesOf(server, { pieces: 100, waitMs: 20 });
  expect((await slow.next()).value).toBe(0);
  process.kill(server.facts().models[0]?.workers[0]?.pid ?? 0, "SIGKILL");
  expect(await codeOf(slow)).toBe("worker.exited");
});

test("a stream that gives no piece for predictTimeoutMs ends, and its worker is free again", async () => {
  await using server = await startServer({ plugin: STREAM, workers: 1, predictTimeoutMs: 1_000 });
  const hanging = piecesOf(server, { pieces: 5, hangAfter: 2 });
  expect([(await hanging.next()).value, (await hanging.next()).value]).toEqual([0, 1]);
  expect(await codeOf(hanging)).toBe("task.timed-out");
  expect((await predict(server.url, { pieces: 3 })).status).toBe(200);
});

test.if(process.platform === "linux")(
  "a stream whose worker is stopped by a signal before its first piece runs again on another",
  async () => {
    await using server = await startServer({ plugin: STREAM, workers: 1, predictTimeoutMs: 500 });
    process.kill(server.facts().models[0]?.workers[0]?.pid ?? 0, "SIGSTOP");
    expect(await Array.fromAsync(piecesOf(server, { pieces: 3 }))).toEqual([0, 1, 2]);
  },
);

test("over queueLimit a stream is refused; leaving one makes room", async () => {
  await using server = await startServer({ plugin: STREAM, workers: 1, queueLimit: 2 });
  const open = [1, 2].map(() => piecesOf(server, { pieces: 1_000, waitMs: 10 }));
  const firsts = open.map((pieces) => pieces.next());
  await firsts[0];
  expect(await codeOf(piecesOf(server, { pieces: 1 }))).toBe("queue.full");
  await open[0]?.return(undefined);
  expect((await firsts[1])?.value).toBe(0);
  await open[1]?.return(undefined);
  expect(await Array.fromAsync(piecesOf(server, { pieces: 1 }))).toEqual([0]);
});
