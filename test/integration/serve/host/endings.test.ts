import { expect, test } from "bun:test";
import type { DingError } from "../../../../src/core/errors.ts";
import { msgpack } from "../../../../src/protocol/codec.ts";
import type { InferRequest } from "../../../../src/serve/inference.ts";
import type { Server } from "../../../../src/serve/server.ts";
import { modelFixture, startServer } from "../../../support/serve.ts";
import { until } from "../../../support/until.ts";

interface Asked extends Partial<InferRequest> {
  isStream?: boolean;
  /** The reader of a stream leaves after the first piece. */
  leaves?: boolean;
}

/** How a request ends: "answered", or the code of its error. */
async function ending(server: Server, item: unknown, asked: Asked = {}): Promise<string> {
  const { isStream = false, leaves = false, ...rest } = asked;
  const values = [msgpack.encode(item)];
  const payload = { kind: "values", form: "msgpack", values } as const;
  const request = { payload, client: "test", ...rest };
  try {
    const model = server.models.get();
    if (!isStream) await model.infer(request);
    else for await (const _piece of model.stream(request)) if (leaves) break;
    return "answered";
  } catch (thrown) {
    return (thrown as DingError).code;
  }
}

/** As `ending`, of what ends workers: whoever asks next finds all of them again. */
async function deadlyEnding(server: Server, item: unknown, asked: Asked = {}): Promise<string> {
  const workers = () => server.facts().models[0]?.workers ?? [];
  const count = workers().length;
  const end = await ending(server, item, asked);
  await until(() => workers().filter(({ state }) => state === "idle").length === count, {
    what: "all workers again",
  });
  return end;
}

/** What has arrived has ended once, whatever became of it. */
function expectEven(server: Server, count: number): void {
  const [model] = server.statistics.models();
  const { arrived, success, failed } = model?.counts ?? { arrived: 0, success: 0, failed: {} };
  const ended = success + Object.values(failed).reduce((sum, one) => sum + one, 0);
  expect([arrived, ended, model?.open]).toEqual([count, count, 0]);
  expect(server.statistics.pace.open).toBe(0);
}

test("every request is counted once, however it ends", async () => {
  await using server = await startServer({
    plugin: modelFixture("jobs.ts"),
    workers: 2,
    batchSize: 1,
    queueLimit: 2,
    predictTimeoutMs: 2_000,
    logLevel: "silent",
  });
  const over = new AbortController();
  over.abort();
  const ends = [
    await ending(server, { echo: 1 }),
    await ending(server, { throw: "no" }),
    await deadlyEnding(server, { exit: true }),
    await deadlyEnding(server, { spin: true }),
    await ending(server, { waitMs: 300 }, { timeoutMs: 50 }),
    await ending(server, { waitMs: 300 }, { signal: over.signal }),
    await ending(server, 1, { payload: { kind: "values", form: "json", values: [] } }),
    ...(await Promise.all(Array.from({ length: 6 }, () => ending(server, { waitMs: 300 })))),
  ];
  expect(ends.slice(0, 7)).toEqual([
    "answered",
    "task.failed",
    "worker.exited",
    "task.timed-out",
    "task.timed-out",
    "task.cancelled",
    "usage.invalid-input",
  ]);
  expect(new Set(ends.slice(7))).toEqual(new Set(["answered", "queue.full"]));
  expectEven(server, ends.length);
});

test("every stream is counted once, however it ends", async () => {
  await using server = await startServer({
    plugin: modelFixture("stream.ts"),
    workers: 1,
    queueLimit: 2,
    predictTimeoutMs: 1_000,
    logLevel: "silent",
  });
  const stream = (item: unknown, asked: Asked = {}): Promise<string> =>
    ending(server, item, { isStream: true, ...asked });
  const ends = [
    await stream({ pieces: 3 }),
    await stream({ pieces: 3 }, { leaves: true }),
    await deadlyEnding(server, { pieces: 3, hangAfter: 1 }, { isStream: true }),
    await stream({ pieces: 1_000, waitMs: 10 }, { timeoutMs: 100 }),
    ...(await Promise.all(Array.from({ length: 4 }, () => stream({ pieces: 2, waitMs: 20 })))),
  ];
  expect(ends.slice(0, 4)).toEqual(["answered", "answered", "task.timed-out", "task.timed-out"]);
  expect(ends.slice(4).toSorted()).toEqual(["answered", "answered", "queue.full", "queue.full"]);
  expectEven(server, ends.length);
});
