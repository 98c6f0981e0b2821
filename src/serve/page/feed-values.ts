import type { Cell } from "../../dashboard/dashboard.ts";
import { failuresIn } from "./failure-reason.ts";
import type { ModelStatistics } from "./model-statistics.ts";
import { sumOf, type ScopeHistory } from "./scope-history.ts";
import type { ServedVersion } from "./server-facts.ts";
import type { ServeStatistics } from "./statistics.ts";
import type { WorkerLoad } from "./worker-load.ts";

/** What is shown: all models, or one. */
export interface FeedSources {
  readonly models: readonly ModelStatistics[];
  readonly served: readonly ServedVersion[];
  readonly statistics: ServeStatistics;
  readonly load: WorkerLoad;
}

/** The big numbers; percentiles are of the last minute, as those at /metrics. */
export function valuesOf(
  { models, served }: FeedSources,
  now: ReturnType<ScopeHistory["now"]>,
): Record<string, Cell> {
  const latency = sumOf(models.map((model) => model.latencyMs.window()));
  const [p50, p95, p99] = latency.quantiles([0.5, 0.95, 0.99]).map(orNull);
  const workers = served.flatMap((model) => model.workers);
  const up = workers.filter(({ state }) => state === "idle" || state === "busy").length;
  return {
    ...now,
    p50: p50 ?? null,
    p95: p95 ?? null,
    p99: p99 ?? null,
    answered: sum(models, ({ counts }) => counts.success),
    failed: sum(models, ({ counts }) => failuresIn(counts.failed)),
    rowsAnswered: sum(models, ({ counts }) => counts.rows),
    queue: sum(served, ({ queuedRows }) => queuedRows),
    open: sum(models, ({ open }) => open),
    workers: `${up} of ${workers.length}`,
  };
}

/** Where nothing was measured there is nothing to show. */
export function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
