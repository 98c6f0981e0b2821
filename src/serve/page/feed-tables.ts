import type { Cell, DashboardFeed } from "../../dashboard/dashboard.ts";
import type { Signature } from "../../protocol/datatype.ts";
import { residentBytes } from "../../telemetry/resident-bytes.ts";
import { FAILURE_REASONS, failuresIn, type FailureReason } from "./failure-reason.ts";
import { orNull, type FeedSources } from "./feed-values.ts";
import { modelId } from "./model-id.ts";
import { NO_BATCHES, type ModelStatistics } from "./model-statistics.ts";
import { sumOf } from "./scope-history.ts";
import type { ServedVersion } from "./server-facts.ts";

type Row = Record<string, Cell>;

/** More bars than these are drawn together, in powers of two. */
const MOST_BARS = 24;

const MEANINGS: Record<FailureReason, string> = {
  REJECTED: "never ran: queue full, time up, or not ready",
  CANCELED: "given up by its client",
  BACKEND: "the model or its worker failed",
  OTHER: "wrong input, and the rest",
};

/** The tables of the page. */
export function tablesOf(sources: FeedSources, wallMs: number): DashboardFeed["tables"] {
  const { statistics, models, served } = sources;
  const toWallMs = (clockMs: number): number => wallMs - (statistics.clock.now() - clockMs);
  return {
    models: served.map((model) => modelRow(model, sources)),
    workers: served.flatMap((model) => workerRows(model, sources)),
    errors: FAILURE_REASONS.map((reason) => errorRow(models, reason, toWallMs)),
    recorded: models.flatMap(recordedRows),
  };
}

/** The histograms of the page. */
export function barsOf(models: readonly ModelStatistics[]): DashboardFeed["bars"] {
  const latency = sumOf(models.map((model) => model.latencyMs.window()));
  return {
    batches: sizesOf(models),
    latency: latency.octaves().map(({ to, count }) => ({ label: shown(to), value: count })),
  };
}

/** Powers of two, as they stand below a bar. */
function shown(ms: number): string {
  return ms >= 1 ? String(ms) : ms.toPrecision(2);
}

/** How many batches there were of each size, since the start. */
function sizesOf(models: readonly ModelStatistics[]): { label: string; value: number }[] {
  const counts = new Map<number, number>();
  for (const { sizes } of models) {
    for (const [rows, { count }] of sizes) counts.set(rows, (counts.get(rows) ?? 0) + count);
  }
  const exact = [...counts].toSorted(([a], [b]) => a - b);
  if (exact.length <= MOST_BARS) {
    return exact.map(([rows, value]) => ({ label: String(rows), value }));
  }
  const ranges = new Map<number, number>();
  for (const [rows, value] of exact) {
    const power = Math.ceil(Math.log2(Math.max(1, rows)));
    ranges.set(power, (ranges.get(power) ?? 0) + value);
  }
  return Array.from(ranges, ([power, value]) => ({ label: rangeLabel(power), value }));
}

function rangeLabel(power: number): string {
  const [from, to] = [2 ** (power - 1) + 1, 2 ** power];
  return from >= to ? String(to) : `${from}–${to}`;
}

function modelRow(model: ServedVersion, { statistics }: FeedSources): Row {
  const { facts, queuedRows, workers } = model;
  const own = statistics.model(facts.name, facts.version);
  const [p50, p99] = own.latencyMs.window().quantiles([0.5, 0.99]).map(orNull);
  return {
    model: facts.name,
    version: facts.version,
    state: facts.state,
    answered: own.counts.success,
    failed: failuresIn(own.counts.failed),
    p50: p50 ?? null,
    p99: p99 ?? null,
    queue: queuedRows,
    batchSize: facts.batchSize,
    workers: workers.length,
    restarts: model.restarts ?? null,
    takes: facts.input ? signatureText(facts.input) : "any value",
    platform: facts.platform,
    reason: facts.reason,
  };
}

function signatureText(signature: Signature): string {
  return Object.entries(signature)
    .map(([name, { datatype, shape }]) => `${name} ${datatype}[${shape.join(",")}]`)
    .join(", ");
}

function workerRows(model: ServedVersion, { statistics, load }: FeedSources): Row[] {
  const { facts, workers } = model;
  const own = statistics.model(facts.name, facts.version);
  const nowMs = statistics.clock.now();
  return workers.map(({ id, pid, state, device, startedAt }) => {
    const { count, rows } = own.workers.get(id) ?? NO_BATCHES;
    return {
      worker: id,
      model: modelId(facts),
      state,
      device,
      pid: String(pid),
      batches: count,
      rows,
      busy: load.of(facts, id),
      memory: residentBytes(pid),
      age: Math.max(0, nowMs - startedAt),
    };
  });
}

function errorRow(
  models: readonly ModelStatistics[],
  reason: FailureReason,
  toWallMs: (clockMs: number) => number,
): Row {
  const last = models
    .flatMap(({ lastFailures }) => lastFailures.get(reason) ?? [])
    .toSorted((a, b) => b.atMs - a.atMs)[0];
  return {
    reason,
    meaning: MEANINGS[reason],
    count: models.reduce((sum, { counts }) => sum + counts.failed[reason], 0),
    last: last ? Math.round(toWallMs(last.atMs)) : null,
    message: last?.message ?? null,
  };
}

function recordedRows(model: ModelStatistics): Row[] {
  return Array.from(model.recorded, ([key, recent]) => {
    const { last, avg, min, max } = recent.summary();
    return { key, model: modelId(model), last, avg, min, max, count: recent.total };
  });
}
