import type { Labels } from "../../telemetry/exposition.ts";
import type { LabelledValues, Registry } from "../../telemetry/registry.ts";
import { residentBytes } from "../../telemetry/resident-bytes.ts";
import type { MetricsSources } from "./metrics-sources.ts";
import { labelsOf } from "./model-labels.ts";
import { NO_BATCHES, type BatchCount } from "./model-statistics.ts";

const STATES = ["starting", "idle", "busy", "draining"];

/** Adds what is told of each worker, by its model. A worker that is gone for good is told of no more. */
export function addWorkerMetrics(registry: Registry, { statistics, facts }: MetricsSources): void {
  const models = (): {
    labels: Labels;
    states: string[];
    workers: { labels: Labels; pid: number; batches: BatchCount }[];
  }[] =>
    facts().models.map(({ facts: model, workers }) => {
      const labels = labelsOf(model);
      const counts = statistics.model(model.name, model.version).workers;
      // Of two with one name, the new one is last: the other one is about to go.
      const byId = new Map(workers.map((worker) => [worker.id, worker]));
      return {
        labels,
        states: workers.map(({ state }) => state),
        workers: Array.from(byId.values(), ({ id, pid, device }) => ({
          labels: { ...labels, worker: id, device },
          pid,
          batches: counts.get(id) ?? NO_BATCHES,
        })),
      };
    });
  const each = (value: (batches: BatchCount) => number) => (): LabelledValues =>
    models().flatMap(({ workers }) =>
      workers.map(({ labels, batches }) => [labels, value(batches)] as const),
    );
  registry.read("ding_serve_workers", "Worker processes by state", () =>
    models().flatMap(({ labels, states }) =>
      STATES.map(
        (state) => [{ ...labels, state }, states.filter((one) => one === state).length] as const,
      ),
    ),
  );
  registry.readTotal(
    "ding_serve_worker_batches_total",
    "Batches that a worker has run, its predecessors of the same name included",
    each(({ count }) => count),
  );
  registry.readTotal(
    "ding_serve_worker_rows_total",
    "Rows in them",
    each(({ rows }) => rows),
  );
  registry.readTotal(
    "ding_serve_worker_busy_seconds_total",
    "Time in the model",
    each(({ ms }) => ms / 1_000),
  );
  registry.read("ding_serve_worker_resident_memory_bytes", "Memory of a worker", () =>
    models().flatMap(({ workers }) =>
      workers.map(({ labels, pid }) => [labels, residentBytes(pid) ?? Number.NaN] as const),
    ),
  );
}
