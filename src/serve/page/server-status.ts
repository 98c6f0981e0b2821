import { VERSION } from "../../core/version.ts";
import type { RecentSummary } from "../../telemetry/recent.ts";
import { failuresIn } from "./failure-reason.ts";
import { modelId } from "./model-id.ts";
import type { Pace } from "./pace.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { ServeStatistics } from "./statistics.ts";

/** What the status is read from. */
export interface ServerStatusSources {
  readonly statistics: ServeStatistics;
  readonly facts: () => ServerFacts;
  /** What the server was started with, in the ancestor's spellings (batch_size, device_map, num_worker …). */
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * The answer to GET /status/server, under the ancestor's names. `statistic` is of what arrived, `statistic_postsink` of
 * what ended; times are in milliseconds. The numbers are right where the ancestor's were not: asking for the status is
 * no data request, clients are active for three minutes, `util` is the part of the time in which workers were busy.
 */
export function serverStatus({ statistics, facts: read, settings }: ServerStatusSources): object {
  const facts = read();
  const { pace } = statistics;
  const workers = facts.models.flatMap((model) => model.workers);
  const nowMs = statistics.clock.now();
  const startedAt = Date.now() - (nowMs - statistics.startedMs);
  const sums = sumsOf(statistics);
  const others = othersOf(statistics);
  const msPerRow = pace.predictMs.summary().avg;
  const upMs = Math.max(1, nowMs - statistics.startedMs) * Math.max(1, workers.length);
  const common = {
    num_data_request: sums.arrived,
    num_sys_request: 0,
    num_exception: sums.failed,
    others,
  };
  return {
    ...settings,
    num_process: workers.length + 1,
    num_worker_process: workers.length,
    num_expanded_worker_process: workers.filter((worker) => worker.isExtra === true).length,
    main_batch_size: settings["batch_size"] ?? null,
    main_device_map: settings["device_map"] ?? null,
    server_version: VERSION,
    server_start_time: new Date(startedAt).toISOString(),
    server_current_time: new Date().toISOString(),
    status: facts.ready ? "ready" : facts.state === "running" ? "not ready" : facts.state,
    models: facts.models.map(({ facts: { name, version, state } }) => ({ name, version, state })),
    statistic: {
      ...common,
      ...paceOf(pace.arrivals, nowMs),
      num_total_request: sums.arrived,
      num_total_seq: sums.arrived,
    },
    statistic_postsink: {
      ...common,
      ...paceOf(pace.endings, nowMs),
      num_total_request: sums.ended,
      num_total_seq: sums.rows,
      total_job_in_queue: pace.open,
      maximum_job_in_queue: pace.mostOpen,
      total_processed_job: sums.ended,
      util: Math.min(1, sums.batchMs / upMs),
      ideal_maxload: msPerRow > 0 ? (workers.length * 1_000) / msPerRow : 0,
    },
  };
}

interface Sums {
  arrived: number;
  ended: number;
  failed: number;
  rows: number;
  batchMs: number;
}

function sumsOf(statistics: ServeStatistics): Sums {
  const sums = { arrived: 0, ended: 0, failed: 0, rows: 0, batchMs: 0 };
  for (const { counts } of statistics.models()) {
    const failed = failuresIn(counts.failed);
    sums.arrived += counts.arrived;
    sums.failed += failed;
    sums.ended += counts.success + failed;
    sums.rows += counts.rows;
    sums.batchMs += counts.batchMs;
  }
  return sums;
}

function paceOf(pace: Pace, nowMs: number): Record<string, number> {
  const { total, active, avg, min, max, atMin, atMax } = pace.clients(nowMs);
  return {
    num_total_client: total,
    num_active_client: active,
    avg_request_per_client: avg,
    min_request_per_client: min,
    max_request_per_client: max,
    num_min_request_per_client: atMin,
    num_max_request_per_client: atMax,
    ...spreadOf(pace.gaps(), "last_two_interval"),
    ...spreadOf(pace.rates(), "request_per_second"),
  };
}

function spreadOf(summary: RecentSummary, name: string): Record<string, number> {
  return Object.fromEntries(
    (["avg", "min", "max", "std", "med"] as const).map((part) => [
      `${part}_${name}`,
      summary[part],
    ]),
  );
}

/** The server's own last thousand, and what plugins record; a key that two models have carries the model's name. */
function othersOf(statistics: ServeStatistics): Record<string, Record<string, number>> {
  const { pace } = statistics;
  const others: Record<string, Record<string, number>> = {
    sys_input_byte: spreadOf(pace.inBytes.summary(), "stat"),
    sys_output_byte: spreadOf(pace.outBytes.summary(), "stat"),
    sys_batchsize: spreadOf(pace.batchRows.summary(), "stat"),
    sys_predict: spreadOf(pace.predictMs.summary(), "stat"),
    latency: spreadOf(pace.latencyMs.summary(), "stat"),
  };
  for (const model of statistics.models()) {
    for (const [key, recent] of model.recorded) {
      const name = Object.hasOwn(others, key) ? `${modelId(model)}.${key}` : key;
      others[name] = spreadOf(recent.summary(), "stat");
    }
  }
  return others;
}
