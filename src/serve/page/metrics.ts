import type { Labels } from "../../telemetry/exposition.ts";
import { oncePerTurn } from "../../telemetry/once-per-turn.ts";
import { Registry, type LabelledValues } from "../../telemetry/registry.ts";
import type { WindowedHistogram } from "../../telemetry/windowed-histogram.ts";
import type { MetricsSources } from "./metrics-sources.ts";
import { labelsOf } from "./model-labels.ts";
import { FAILURE_REASONS } from "./failure-reason.ts";
import type { ModelCounts, ModelStatistics } from "./model-statistics.ts";
import type { ServeStatistics } from "./statistics.ts";
import { addWorkerMetrics } from "./worker-metrics.ts";

type Values = (model: ModelStatistics, labels: Labels) => Iterable<readonly [Labels, number]>;

/**
 * What a server shows at /metrics: what Triton tells under Triton's names (`nv_…`, with its labels and units), and what
 * it does not tell as `ding_serve_…`.
 */
export function serveMetrics({ statistics, facts: read }: MetricsSources): Registry {
  const registry = new Registry();
  const facts = oncePerTurn(read);
  const each = (values: Values) => (): LabelledValues =>
    statistics.models().flatMap((model) => [...values(model, labelsOf(model))]);
  const total = (name: string, help: string, value: (counts: ModelCounts) => number): void =>
    registry.readTotal(
      name,
      help,
      each(({ counts }, labels) => [[labels, value(counts)]]),
    );

  total("nv_inference_request_success", "Requests that were answered", (of) => of.success);
  registry.readTotal(
    "nv_inference_request_failure",
    "Requests that failed, by reason",
    each(({ counts }, labels) =>
      FAILURE_REASONS.map((reason) => [{ ...labels, reason }, counts.failed[reason]] as const),
    ),
  );
  total("nv_inference_count", "Rows that were answered", (of) => of.rows);
  total("nv_inference_exec_count", "Batches that ran", (of) => of.batches);
  addDurations(total);
  registry.read("nv_inference_pending_request_count", "Requests that wait for a worker", () =>
    facts().models.map(({ facts: of, queuedRequests }) => [labelsOf(of), queuedRequests] as const),
  );
  addSummaries(registry, statistics);
  addBatches(registry, { statistics, facts });
  addBytes(registry, each);
  addWorkerMetrics(registry, { statistics, facts });
  addServer(registry, { statistics, facts });
  return registry;
}

function addDurations(
  total: (name: string, help: string, value: (counts: ModelCounts) => number) => void,
): void {
  const since = "of all answered requests together, in microseconds";
  const micros = (name: string, help: string, value: (counts: ModelCounts) => number): void =>
    total(`nv_inference_${name}_duration_us`, `${help} ${since}`, (of) =>
      Math.round(value(of) * 1_000),
    );
  micros("request", "Time from arrival to answer", (of) => of.successMs);
  micros("queue", "Time in the queue", (of) => of.queueMs);
  micros("compute_input", "Time for making inputs ready (a part of compute_output)", () => 0);
  micros("compute_infer", "Time in the model", (of) => of.computeMs);
  micros(
    "compute_output",
    "Time for all the rest, the ways to the worker and back",
    (of) => of.restMs,
  );
}

function addSummaries(registry: Registry, statistics: ServeStatistics): void {
  const summary = (
    name: string,
    help: string,
    of: (model: ModelStatistics) => { spread: WindowedHistogram; sumMs: number },
  ): void =>
    registry.readSummary(`nv_inference_${name}_summary_us`, `${help}, of the last minute`, () =>
      statistics.models().map((model) => {
        const { spread, sumMs } = of(model);
        const sum = Math.round(sumMs * 1_000);
        const labels = labelsOf(model);
        return { labels, window: spread.window(), scale: 1_000, sum, count: model.counts.success };
      }),
    );
  summary("request", "Microseconds from arrival to answer", ({ latencyMs, counts }) => ({
    spread: latencyMs,
    sumMs: counts.successMs,
  }));
  summary("queue", "Microseconds in the queue", ({ queueMs, counts }) => ({
    spread: queueMs,
    sumMs: counts.queueMs,
  }));
  summary("compute_infer", "Microseconds in the model", ({ computeMs, counts }) => ({
    spread: computeMs,
    sumMs: counts.computeMs,
  }));
  registry.readHistogram(
    "nv_inference_first_response_histogram_ms",
    "Milliseconds from arrival to the first piece of a stream",
    () => statistics.models().flatMap((model) => [...model.firstPieceMs.samples(labelsOf(model))]),
  );
}

function addBatches(registry: Registry, { statistics, facts }: MetricsSources): void {
  registry.readHistogram("ding_serve_batch_rows", "Rows in a batch", () => {
    const { models } = facts();
    return statistics.models().flatMap((model) => {
      const served = models.find(({ facts: of }) => {
        return of.name === model.name && of.version === model.version;
      });
      return batchSamples(model, served?.facts.batchSize ?? 1);
    });
  });
  registry.read("ding_serve_statistic", "What the plugin has recorded, of the last thousand", () =>
    statistics.models().flatMap((model) =>
      Array.from(model.recorded, ([key, recent]) => {
        const { avg, min, max, last } = recent.summary();
        const labels = { ...labelsOf(model), key };
        return Object.entries({ avg, min, max, last }).map(
          ([stat, value]) => [{ ...labels, stat }, value] as const,
        );
      }).flat(),
    ),
  );
}

/** Buckets by powers of two, as far as batches may come: one that was added later would lack what came before it. */
function batchSamples(
  model: ModelStatistics,
  batchSize: number,
): { suffix: string; labels: Labels; value: number }[] {
  const labels = labelsOf(model);
  const { batches, batchRows } = model.counts;
  const largest = Math.max(1, batchSize, ...model.sizes.keys());
  const limits = Array.from(
    { length: Math.ceil(Math.log2(largest)) + 1 },
    (_, power) => 2 ** power,
  );
  const buckets = limits.map((le) => {
    let value = 0;
    for (const [rows, { count }] of model.sizes) if (rows <= le) value += count;
    return { suffix: "_bucket", labels: { ...labels, le }, value };
  });
  return [
    ...buckets,
    { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: batches },
    { suffix: "_sum", labels, value: batchRows },
    { suffix: "_count", labels, value: batches },
  ];
}

function addBytes(registry: Registry, each: (values: Values) => () => LabelledValues): void {
  registry.readTotal(
    "ding_serve_payload_bytes_total",
    "Bytes of items or tensors in answered requests, and in their answers",
    each(({ counts }, labels) => [
      [{ ...labels, direction: "in" }, counts.inBytes],
      [{ ...labels, direction: "out" }, counts.outBytes],
    ]),
  );
}

function addServer(registry: Registry, { statistics, facts }: MetricsSources): void {
  registry.read("ding_serve_ready", "1 when requests are taken", () => Number(facts().ready));
  registry.read("ding_serve_uptime_seconds", "Time since the start", () => {
    return (statistics.clock.now() - statistics.startedMs) / 1_000;
  });
  registry.read("ding_serve_open_requests", "Requests that have not ended", () =>
    statistics.models().map((model) => [labelsOf(model), model.open] as const),
  );
  registry.read("ding_serve_queue_rows", "Rows that wait for a worker", () =>
    facts().models.map(({ facts: of, queuedRows }) => [labelsOf(of), queuedRows] as const),
  );
  registry.readTotal(
    "ding_serve_worker_restarts_total",
    "Workers that died and were replaced",
    () => facts().models.map(({ facts: of, restarts = 0 }) => [labelsOf(of), restarts] as const),
  );
  registry.read("ding_serve_model_ready", "1 when the model takes requests", () =>
    facts().models.map(({ facts: of }) => [labelsOf(of), Number(of.state === "READY")] as const),
  );
  registry.read("process_resident_memory_bytes", "Memory of the server's own process", () => {
    return process.memoryUsage.rss();
  });
  registry.readTotal("process_cpu_seconds_total", "CPU time of the server's own process", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
}
