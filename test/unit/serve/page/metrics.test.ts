import { expect, test } from "bun:test";
import { serveMetrics } from "../../../../src/serve/page/metrics.ts";
import { answerOne, modelFacts, served, serverFacts, statisticsOnClock } from "./facts.ts";

/** The value of a line, by its name and labels as they stand there. */
function valueOf(text: string, line: string): number {
  const found = text.split("\n").find((one) => one.startsWith(`${line} `));
  if (found === undefined) throw new Error(`There is no ${line} in:\n${text}`);
  return Number(found.slice(line.length + 1));
}

test("serveMetrics() tells Triton's counters under Triton's names", () => {
  const on = statisticsOnClock();
  const registry = serveMetrics({ statistics: on.statistics, facts: () => serverFacts() });
  answerOne(on, { queueMs: 2, computeMs: 5, restMs: 1, rows: 3 });
  const model = on.statistics.model("sum", "1");
  model.onBatch({ worker: "w0", rows: 3, ms: 5 });
  model.onFailed({ arrivedMs: on.clock.now(), client: "a", rows: 1 }, new Error("broken"));
  const text = registry.text();
  const of = (name: string, more = ""): number =>
    valueOf(text, `${name}{model="sum",version="1"${more}}`);
  expect(of("nv_inference_request_success")).toBe(1);
  expect(of("nv_inference_request_failure", ',reason="BACKEND"')).toBe(1);
  expect(of("nv_inference_request_failure", ',reason="REJECTED"')).toBe(0);
  expect(of("nv_inference_count")).toBe(3);
  expect(of("nv_inference_exec_count")).toBe(1);
  expect(of("nv_inference_request_duration_us")).toBe(8_000);
  expect(of("nv_inference_queue_duration_us")).toBe(2_000);
  expect(of("nv_inference_compute_infer_duration_us")).toBe(5_000);
  expect(of("nv_inference_compute_output_duration_us")).toBe(1_000);
  expect(of("nv_inference_request_summary_us", ',quantile="0.99"')).toBe(8_000);
  expect(of("nv_inference_request_summary_us_count")).toBe(1);
});

test("serveMetrics() tells batches by size, each bucket with all that are smaller", () => {
  const { statistics } = statisticsOnClock();
  const registry = serveMetrics({ statistics, facts: () => serverFacts() });
  const model = statistics.model("sum", "1");
  for (const rows of [1, 3, 4, 9]) model.onBatch({ worker: "w0", rows, ms: 1 });
  const lines = registry.text().match(/^ding_serve_batch_rows.*$/gm) ?? [];
  expect(lines.map((line) => line.replace('model="sum",version="1"', ""))).toEqual([
    'ding_serve_batch_rows_bucket{,le="1"} 1',
    'ding_serve_batch_rows_bucket{,le="2"} 1',
    'ding_serve_batch_rows_bucket{,le="4"} 3',
    'ding_serve_batch_rows_bucket{,le="8"} 3',
    'ding_serve_batch_rows_bucket{,le="16"} 4',
    'ding_serve_batch_rows_bucket{,le="+Inf"} 4',
    "ding_serve_batch_rows_sum{} 17",
    "ding_serve_batch_rows_count{} 4",
  ]);
});

test("serveMetrics() has a bucket for every size that a batch may have, before one has it", () => {
  const { statistics } = statisticsOnClock();
  const registry = serveMetrics({ statistics, facts: () => serverFacts() });
  statistics.model("sum", "1");
  const limits = (): string[] => registry.text().match(/batch_rows_bucket.*le="[^"]+/g) ?? [];
  const before = limits();
  expect(before.map((line) => line.replace(/.*le="/, ""))).toEqual(["1", "2", "4", "8", "+Inf"]);
  statistics.model("sum", "1").onBatch({ worker: "w0", rows: 3, ms: 1 });
  expect(limits()).toEqual(before);
});

test("serveMetrics() tells of queue, workers and models as the server is now", () => {
  const { statistics } = statisticsOnClock();
  let facts = serverFacts({
    ready: false,
    models: [served({ facts: modelFacts({ state: "LOADING" }), queuedRequests: 2, queuedRows: 7 })],
  });
  const registry = serveMetrics({ statistics, facts: () => facts });
  statistics.model("sum", "1").onBatch({ worker: "w0", rows: 2, ms: 30 });
  const text = registry.text();
  const labels = '{model="sum",version="1"}';
  expect(valueOf(text, "ding_serve_ready")).toBe(0);
  expect(valueOf(text, `ding_serve_model_ready${labels}`)).toBe(0);
  expect(valueOf(text, `nv_inference_pending_request_count${labels}`)).toBe(2);
  expect(valueOf(text, `ding_serve_queue_rows${labels}`)).toBe(7);
  expect(valueOf(text, 'ding_serve_workers{model="sum",version="1",state="idle"}')).toBe(1);
  const worker = '{model="sum",version="1",worker="w0",device="cpu"}';
  expect(valueOf(text, `ding_serve_worker_batches_total${worker}`)).toBe(1);
  expect(valueOf(text, `ding_serve_worker_busy_seconds_total${worker}`)).toBe(0.03);
  const memory = valueOf(text, `ding_serve_worker_resident_memory_bytes${worker}`);
  expect(memory).toBeGreaterThan(1e6);
  facts = serverFacts({ models: [] });
  expect(registry.text()).toContain('worker="w0"'); // still of the same turn
});

test("serveMetrics() counts the workers that serve while others of the same names are loading", () => {
  const { statistics } = statisticsOnClock();
  const [old] = served().workers;
  const workers = old ? [old, { ...old, state: "starting" }] : [];
  const facts = serverFacts({ models: [served({ workers })] });
  const text = serveMetrics({ statistics, facts: () => facts }).text();
  const count = (state: string): number =>
    valueOf(text, `ding_serve_workers{model="sum",version="1",state="${state}"}`);
  expect(["idle", "starting"].map(count)).toEqual([1, 1]);
  // A series has one value.
  expect(text.split("ding_serve_worker_resident_memory_bytes{")).toHaveLength(2);
});

test("serveMetrics() forgets a worker that is gone, and asks once a turn", async () => {
  const { statistics } = statisticsOnClock();
  let asked = 0;
  let facts = serverFacts();
  const registry = serveMetrics({ statistics, facts: () => (asked++, facts) });
  expect(registry.text()).toContain('worker="w0"');
  expect(asked).toBe(1);
  await Promise.resolve();
  facts = serverFacts({ models: [] });
  expect(registry.text()).not.toContain('worker="w0"');
});

test("serveMetrics() tells what plugins record, by key", () => {
  const { statistics } = statisticsOnClock();
  const registry = serveMetrics({ statistics, facts: () => serverFacts() });
  const model = statistics.model("sum", "1");
  for (const value of [1, 2, 6]) model.onStatistic({ "score of x": value });
  const of = (stat: string): number =>
    valueOf(
      registry.text(),
      `ding_serve_statistic{model="sum",version="1",key="score of x",stat="${stat}"}`,
    );
  expect(["avg", "min", "max", "last"].map(of)).toEqual([3, 1, 6, 6]);
});
