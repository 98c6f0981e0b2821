import { failuresIn } from "./failure-reason.ts";
import type { ModelStatistics } from "./model-statistics.ts";
import type { ServeStatistics } from "./statistics.ts";

interface Duration {
  count: number;
  /** Nanoseconds, all together. */
  ns: number;
}

/** Statistics of one version of a model, as Triton's extension `statistics` has them. */
export interface TritonModelStatistics {
  name: string;
  version: string;
  /** Milliseconds since 1970; 0 before the first. */
  last_inference: number;
  inference_count: number;
  execution_count: number;
  inference_stats: Record<
    | "success"
    | "fail"
    | "queue"
    | "compute_input"
    | "compute_infer"
    | "compute_output"
    | "cache_hit"
    | "cache_miss",
    Duration
  >;
  response_stats: Record<string, never>;
  batch_stats: {
    batch_size: number;
    compute_input: Duration;
    compute_infer: Duration;
    compute_output: Duration;
  }[];
  memory_usage: never[];
}

/** The answer to GET /v2/models/NAME/versions/VERSION/stats, of all versions or models where none is named. */
export function tritonStatistics(
  statistics: ServeStatistics,
  { name, version }: { name?: string | undefined; version?: string | undefined } = {},
): { model_stats: TritonModelStatistics[] } {
  const models = statistics
    .models()
    .filter((model) => name === undefined || model.name === name)
    .filter((model) => version === undefined || model.version === version);
  return { model_stats: models.map((model) => statisticsOf(model, statistics)) };
}

function statisticsOf(
  { name, version, counts, lastAnswerMs, sizes }: ModelStatistics,
  { clock }: ServeStatistics,
): TritonModelStatistics {
  const { success, rows, batches, restMs } = counts;
  const none = duration(0, 0);
  return {
    name,
    version,
    last_inference:
      lastAnswerMs === undefined ? 0 : Math.round(Date.now() - (clock.now() - lastAnswerMs)),
    inference_count: rows,
    execution_count: batches,
    inference_stats: {
      success: duration(success, counts.successMs),
      fail: duration(failuresIn(counts.failed), counts.failMs),
      queue: duration(success, counts.queueMs),
      compute_input: duration(success, 0),
      compute_infer: duration(success, counts.computeMs),
      compute_output: duration(success, restMs),
      cache_hit: none,
      cache_miss: none,
    },
    response_stats: {},
    batch_stats: [...sizes]
      .toSorted(([a], [b]) => a - b)
      .map(([size, { count, ms }]) => ({
        batch_size: size,
        compute_input: duration(count, 0),
        compute_infer: duration(count, ms),
        compute_output: duration(count, 0),
      })),
    memory_usage: [],
  };
}

function duration(count: number, ms: number): Duration {
  return { count, ns: Math.round(ms * 1e6) };
}
