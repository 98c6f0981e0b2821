import { FIRST_BAD_STATUS } from "./answer-head.ts";
import type { Level } from "./level.ts";
import { type ServerShare, type ServerTotals, serverShareOf } from "./server-statistics.ts";
import type { Tally, Window } from "./tally.ts";

/** Quantiles that are told, by name. */
export const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;

/** Times in milliseconds. */
export type Latency = Record<"min" | "mean" | "max" | keyof typeof QUANTILES, number>;

/** What was measured at one level. */
export interface LevelResult {
  readonly mode: Level["mode"];
  /** Clients, or requests a second. */
  readonly level: number;
  readonly durationMs: number;
  /** That began in the measure. */
  readonly requests: number;
  /** Of these, without a good answer. */
  readonly failed: number;
  /** Good answers a second. */
  readonly requestsPerSecond: number;
  readonly rowsPerSecond: number;
  readonly latencyMs: Latency;
  readonly statuses: Readonly<Record<string, number>>;
  /** No answer at all, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** By status, what the first such answer said. */
  readonly refusals: Readonly<Record<string, string>>;
  /** Good answers a second, window by window. */
  readonly windows: readonly number[];
  /** How far the last windows lie apart: (greatest − smallest) ÷ mean, of rate or time; undefined if one had no answer. */
  readonly spread: number | undefined;
  readonly isStable: boolean;
  /** Where the server says so: what its part of a request's time was. */
  readonly server: ServerShare | undefined;
  /** How late this program sent what was due, of an open loop; 99 % were less late. */
  readonly lagP99Ms: number | undefined;
  /** Cores that this program kept busy; near 1 the figures are its limit, not the server's. */
  readonly generatorCpu: number;
}

/** How the levels pressed, each way once; of none, by clients. */
export function modesOf(results: readonly LevelResult[]): Level["mode"][] {
  return results.length === 0
    ? ["concurrency"]
    : [...new Set(results.map((result) => result.mode))];
}

/** As much as three windows may lie apart and the measure still be called steady. */
const STABLE_SPREAD = 0.1;
const COMPARED_WINDOWS = 3;

/** What was not counted request by request. */
export interface Around {
  readonly durationMs: number;
  readonly rows: number;
  readonly generatorCpu: number;
  readonly before: ServerTotals | undefined;
  readonly after: ServerTotals | undefined;
}

/** What a tally says when all its requests have ended. */
export function resultOf(
  level: Level,
  tally: Tally,
  { durationMs, rows, generatorCpu, before, after }: Around,
): LevelResult {
  const perSecond = (count: number, ms: number): number => (count * 1_000) / ms;
  const requestsPerSecond = perSecond(tally.answered, durationMs);
  const spread = spreadOf(tally.windows.slice(-COMPARED_WINDOWS));
  const failed = sum(tally.failures) + tally.statuses.entries().reduce(bad, 0);
  return {
    mode: level.mode,
    level: level.value,
    durationMs,
    requests: sum(tally.failures) + sum(tally.statuses),
    failed,
    requestsPerSecond,
    rowsPerSecond: requestsPerSecond * rows,
    latencyMs: latencyOf(tally),
    statuses: Object.fromEntries(tally.statuses),
    failures: Object.fromEntries(tally.failures),
    refusals: Object.fromEntries(tally.refusals),
    windows: tally.windows.map(({ answered }) =>
      perSecond(answered, durationMs / tally.windows.length),
    ),
    spread,
    isStable: spread !== undefined && spread <= STABLE_SPREAD,
    server: before && after && serverShareOf(before, after),
    lagP99Ms: tally.lag.count === 0 ? undefined : tally.lag.quantile(QUANTILES.p99),
    generatorCpu,
  };
}

function latencyOf({ latency, minMs }: Tally): Latency {
  const parts = Object.values(QUANTILES);
  const values = latency.count === 0 ? parts.map(() => 0) : latency.quantiles(parts);
  const names = Object.keys(QUANTILES) as (keyof typeof QUANTILES)[];
  const quantiles = Object.fromEntries(names.map((name, at) => [name, values[at] ?? 0]));
  return {
    min: minMs,
    mean: latency.mean,
    ...(quantiles as Record<keyof typeof QUANTILES, number>),
    max: latency.max,
  };
}

function spreadOf(windows: readonly Window[]): number | undefined {
  if (windows.some(({ answered }) => answered === 0)) return undefined;
  return Math.max(
    apart(windows.map(({ answered }) => answered)),
    apart(windows.map(({ meanMs }) => meanMs)),
  );
}

function apart(values: readonly number[]): number {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  return mean === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / mean;
}

function sum(counts: ReadonlyMap<unknown, number>): number {
  return counts.values().reduce((total, count) => total + count, 0);
}

function bad(total: number, [status, count]: [number, number]): number {
  return status >= FIRST_BAD_STATUS ? total + count : total;
}
