import { type Latency, type LevelResult, modesOf } from "./level-result.ts";

const MICROS_PER_MS = 1_000;

/** A column and what stands in it. */
type Column = readonly [name: string, cell: (result: LevelResult) => number | string];

const micros = (ms: number | undefined): string =>
  ms === undefined ? "" : (ms * MICROS_PER_MS).toFixed(1);

const latency = (name: keyof Latency): ((result: LevelResult) => string) => {
  return ({ latencyMs }) => micros(latencyMs[name]);
};

/** As perf_analyzer names them; times in microseconds. */
const COLUMNS: readonly Column[] = [
  ["Inferences/Second", ({ rowsPerSecond }) => rowsPerSecond.toFixed(2)],
  ["Requests/Second", ({ requestsPerSecond }) => requestsPerSecond.toFixed(2)],
  ["Request Count", ({ requests }) => requests],
  ["Failed Request Count", ({ failed }) => failed],
  ["Server Queue", ({ server }) => micros(server?.queueMs)],
  ["Server Compute Infer", ({ server }) => micros(server?.computeMs)],
  ["Server Batch Size", ({ server }) => server?.batchRows.toFixed(2) ?? ""],
  ["Min latency", latency("min")],
  ["Avg latency", latency("mean")],
  ["p50 latency", latency("p50")],
  ["p90 latency", latency("p90")],
  ["p95 latency", latency("p95")],
  ["p99 latency", latency("p99")],
  ["p99.9 latency", latency("p999")],
  ["Max latency", latency("max")],
  ["Stable", ({ isStable }) => (isStable ? "yes" : "no")],
];

const LEVELS = { concurrency: "Concurrency", rate: "Request Rate" } as const;

/** The results as comma-separated values: a row for each level, times in microseconds. */
export function csvOf(results: readonly LevelResult[]): string {
  const modes = modesOf(results);
  const head = [...modes.map((mode) => LEVELS[mode]), ...COLUMNS.map(([name]) => name)];
  const rows = results.map((result) => [
    ...modes.map((mode) => (mode === result.mode ? result.level : "")),
    ...COLUMNS.map(([, cell]) => cell(result)),
  ]);
  return [head, ...rows].map((row) => `${row.join(",")}\n`).join("");
}
