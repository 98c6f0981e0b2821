import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import type { TracedRequest } from "../../../../src/serve/page/request-traces.ts";
import { answerOne, statisticsOnClock } from "./facts.ts";

test("onAnswered() sums rows, times and bytes; what is neither waiting nor the model is the rest", () => {
  const on = statisticsOnClock();
  answerOne(on, { queueMs: 2, computeMs: 5, restMs: 1, rows: 3 });
  answerOne(on, { queueMs: 0, computeMs: 4, restMs: 2 });
  const model = on.statistics.model("sum", "1");
  expect(model.counts).toMatchObject({
    arrived: 2,
    success: 2,
    rows: 4,
    successMs: 14,
    queueMs: 2,
    computeMs: 9,
    restMs: 3,
    inBytes: 32,
    outBytes: 16,
  });
  expect(model.open).toBe(0);
  expect(model.lastAnswerMs).toBe(on.clock.now());
  expect(model.latencyMs.window().max).toBe(8);
});

test.each([
  ["queue.full", "REJECTED"],
  ["service.stopping", "REJECTED"],
  ["task.timed-out", "REJECTED"],
  ["model.not-ready", "REJECTED"],
  ["task.cancelled", "CANCELED"],
  ["task.failed", "BACKEND"],
  ["worker.exited", "BACKEND"],
  ["usage.invalid-input", "OTHER"],
] as const)("onFailed() counts %s as %s, and keeps the last of each", (code, reason) => {
  const { clock, statistics } = statisticsOnClock();
  const model = statistics.model("sum", "1");
  const request = { arrivedMs: clock.now(), client: "a", rows: 1 };
  model.onArrived(request.arrivedMs, "a");
  clock.advance(3);
  model.onFailed(request, new DingError(code, "Cannot go on: for a reason"));
  expect(model.counts.failed[reason]).toBe(1);
  expect(model.counts.failMs).toBe(3);
  expect(model.counts.success).toBe(0);
  expect(model.open).toBe(0);
  expect(model.lastFailures.get(reason)).toEqual({
    atMs: clock.now(),
    message: "Cannot go on: for a reason",
  });
});

test("onFailed() counts a batch that ran too long as the model's failure", () => {
  const { clock, statistics } = statisticsOnClock();
  const model = statistics.model("sum", "1");
  model.onArrived(clock.now(), "a");
  const late = new DingError("task.timed-out", "The batch ran long", { details: { deaths: 1 } });
  model.onFailed({ arrivedMs: clock.now(), client: "a", rows: 1 }, late);
  expect(model.counts.failed).toEqual({ REJECTED: 0, CANCELED: 0, BACKEND: 1, OTHER: 0 });
});

test("onFailed() takes whatever was thrown, and not more of it than people read", () => {
  const { clock, statistics } = statisticsOnClock();
  const model = statistics.model("sum", "1");
  model.onArrived(clock.now(), "a");
  model.onFailed({ arrivedMs: clock.now(), client: "a", rows: 1 }, "x".repeat(5_000));
  expect(model.counts.failed.BACKEND).toBe(1);
  expect(model.lastFailures.get("BACKEND")?.message).toHaveLength(300);
  expect(model.open).toBe(0);
});

test("onBatch() counts by size and by worker; of very many sizes the greater ones together", () => {
  const { statistics } = statisticsOnClock();
  const model = statistics.model("sum", "1");
  model.onBatch({ worker: "w0", rows: 3, ms: 5 });
  model.onBatch({ worker: "w1", rows: 3, ms: 7 });
  expect(model.sizes.get(3)).toEqual({ count: 2, rows: 6, ms: 12 });
  expect(model.workers.get("w1")).toEqual({ count: 1, rows: 3, ms: 7 });
  for (let rows = 1; rows <= 5_000; rows++) model.onBatch({ worker: "w0", rows, ms: 1 });
  expect(model.sizes.size).toBeLessThan(1_100);
  expect(model.counts.batches).toBe(5_002);
  expect(model.sizes.get(8_192)?.count).toBe(5_000 - 4_096);
});

test("onStatistic() keeps a thousand of each key, leaves aside what is no number, and takes 64 keys", () => {
  const { statistics } = statisticsOnClock();
  const model = statistics.model("sum", "1");
  for (let value = 1; value <= 1_500; value++) model.onStatistic({ loss: value });
  model.onStatistic({ loss: Number.NaN, other: Infinity });
  expect(model.recorded.get("loss")?.summary()).toMatchObject({ min: 501, max: 1_500 });
  expect(model.recorded.has("other")).toBe(false);
  for (let key = 0; key < 100; key++) model.onStatistic({ [`key${key}`]: 1 });
  expect(model.recorded.size).toBe(64);
});

test("trace() gets every request that ends, also in models that were there before", () => {
  const on = statisticsOnClock();
  const model = on.statistics.model("sum", "1");
  answerOne(on);
  const traced: TracedRequest[] = [];
  on.statistics.trace({ onEnded: (request) => traced.push(request) });
  answerOne(on);
  const arrivedMs = on.clock.now();
  model.onFailed(
    { arrivedMs, client: "a", rows: 2, id: "q", traceparent: "00-…" },
    new DingError("queue.full", "Cannot queue request: full"),
  );
  expect(traced).toHaveLength(2);
  expect(traced[0]).toMatchObject({ model: "sum", version: "1", status: "OK", queueMs: 2 });
  expect(traced[1]).toMatchObject({
    status: "queue.full",
    message: "Cannot queue request: full",
    id: "q",
    traceparent: "00-…",
    queueMs: undefined,
    rows: 2,
  });
});

test("model() is the same each time", () => {
  const { statistics } = statisticsOnClock();
  const model = statistics.model("sum", "1");
  expect(statistics.model("sum", "1")).toBe(model);
  expect(statistics.model("sum", "2")).not.toBe(model);
  expect(statistics.models().map(({ version }) => version)).toEqual(["1", "2"]);
});
