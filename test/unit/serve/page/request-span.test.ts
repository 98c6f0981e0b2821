import { expect, test } from "bun:test";
import { requestSpan } from "../../../../src/serve/page/request-span.ts";
import type { TracedRequest } from "../../../../src/serve/page/request-traces.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const REQUEST: TracedRequest = {
  model: "sum",
  version: "2",
  id: "q",
  traceparent: "00-…",
  arrivedMs: 100,
  endedMs: 150,
  queueMs: 10,
  computeMs: 30,
  rows: 3,
  batchRows: 8,
  worker: "w1",
  status: "OK",
  message: undefined,
};

test("requestSpan() is on the wall's time, with queue and compute one after the other in it", () => {
  const span = requestSpan(REQUEST, new FakeClock(150));
  expect(Math.abs(span.endMs - Date.now())).toBeLessThan(60_000);
  expect(span.endMs - span.startMs).toBeCloseTo(50, 6);
  expect(span).toMatchObject({ name: "infer sum", kind: "server", traceparent: "00-…" });
  expect(span.attributes).toMatchObject({
    "ding.model": "sum",
    "ding.model.version": "2",
    "ding.batch.size": 8,
    "ding.worker": "w1",
    "ding.status": "OK",
  });
  const parts = span.children?.map(({ name, startMs, endMs }) => [
    name,
    Math.round(startMs - span.startMs),
    Math.round(endMs - span.startMs),
  ]);
  expect(parts).toEqual([
    ["queue", 0, 10],
    ["compute", 10, 40],
  ]);
  expect(span.error).toBeUndefined();
});

test("requestSpan() of a failed request has the error, and no parts that it did not reach", () => {
  const failed = { ...REQUEST, status: "queue.full", message: "Cannot queue request" };
  const span = requestSpan(
    { ...failed, queueMs: undefined, computeMs: undefined },
    new FakeClock(150),
  );
  expect(span.children).toEqual([]);
  const inModel = requestSpan({ ...failed, computeMs: undefined }, new FakeClock(150));
  expect(inModel.children?.map(({ name }) => name)).toEqual(["queue"]);
  expect(span.error).toEqual({ type: "queue.full", message: "Cannot queue request" });
});

test("requestSpan() keeps its parts inside, whatever the worker measured", () => {
  const span = requestSpan({ ...REQUEST, computeMs: 500 }, new FakeClock(150));
  expect(span.children?.at(-1)?.endMs).toBe(span.endMs);
});
