import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { tritonStatistics } from "../../../../src/serve/page/triton-statistics.ts";
import { answerOne, statisticsOnClock } from "./facts.ts";

test("tritonStatistics() has Triton's shape: counts with nanoseconds, batches by size", () => {
  const on = statisticsOnClock();
  answerOne(on, { queueMs: 2, computeMs: 5, restMs: 1, rows: 3 });
  const model = on.statistics.model("sum", "1");
  model.onBatch({ worker: "w0", rows: 8, ms: 6 });
  model.onBatch({ worker: "w0", rows: 3, ms: 5 });
  model.onArrived(on.clock.now(), "a");
  model.onFailed(
    { arrivedMs: on.clock.now() - 4, client: "a", rows: 1 },
    new DingError("queue.full", "Cannot queue request: full"),
  );
  on.clock.advance(600_000);
  const [told, ...others] = tritonStatistics(on.statistics).model_stats;
  expect(others).toEqual([]);
  const none = { count: 0, ns: 0 };
  expect(told).toEqual({
    name: "sum",
    version: "1",
    last_inference: expect.any(Number) as never,
    inference_count: 3,
    execution_count: 2,
    inference_stats: {
      success: { count: 1, ns: 8_000_000 },
      fail: { count: 1, ns: 4_000_000 },
      queue: { count: 1, ns: 2_000_000 },
      compute_input: { count: 1, ns: 0 },
      compute_infer: { count: 1, ns: 5_000_000 },
      compute_output: { count: 1, ns: 1_000_000 },
      cache_hit: none,
      cache_miss: none,
    },
    response_stats: {},
    batch_stats: [
      {
        batch_size: 3,
        compute_input: { count: 1, ns: 0 },
        compute_infer: { count: 1, ns: 5_000_000 },
        compute_output: { count: 1, ns: 0 },
      },
      {
        batch_size: 8,
        compute_input: { count: 1, ns: 0 },
        compute_infer: { count: 1, ns: 6_000_000 },
        compute_output: { count: 1, ns: 0 },
      },
    ],
    memory_usage: [],
  });
  const answeredAt = Date.now() - 600_000;
  expect(Math.abs((told?.last_inference ?? 0) - answeredAt)).toBeLessThan(60_000);
});

test("tritonStatistics() can be of one model or version, and of one that was never asked", () => {
  const { statistics } = statisticsOnClock();
  for (const [name, version] of [
    ["a", "1"],
    ["a", "2"],
    ["b", "1"],
  ] as const) {
    statistics.model(name, version);
  }
  const told = (of: { name?: string; version?: string }): string[] =>
    tritonStatistics(statistics, of).model_stats.map((model) => `${model.name}@${model.version}`);
  expect(told({})).toEqual(["a@1", "a@2", "b@1"]);
  expect(told({ name: "a" })).toEqual(["a@1", "a@2"]);
  expect(told({ name: "a", version: "2" })).toEqual(["a@2"]);
  expect(told({ name: "c" })).toEqual([]);
  expect(tritonStatistics(statistics, { name: "b" }).model_stats[0]?.last_inference).toBe(0);
});
