import type { Panel } from "../../dashboard/dashboard.ts";

/** What the page of a server shows, from top to bottom. */
export const SERVE_PANELS: readonly Panel[] = [
  {
    kind: "tiles",
    tiles: tilesOf([
      ["rate", "Requests", "rate", "Answered, mean of five seconds"],
      ["p50", "Latency p50", "ms", "Of the last minute"],
      ["p95", "Latency p95", "ms", "Of the last minute"],
      ["p99", "Latency p99", "ms", "Of the last minute"],
      ["batch", "Batch size", "number", "Mean of five seconds"],
      ["queue", "Waiting", "count", "Rows that no worker has"],
      ["open", "Open requests", "count"],
      ["answered", "Answered", "count", "Since the start"],
      ["failed", "Failed", "count", "Since the start"],
      ["workers", "Workers up", "text"],
      ["memory", "Server's memory", "bytes", "Without the workers"],
      ["cpu", "Server's CPU", "percent", "100 % is one core"],
      ["uptime", "Up", "duration"],
    ]),
  },
  linesOf("Requests", "rate", [
    ["answered", "answered"],
    ["failed", "failed"],
  ]),
  linesOf("Latency", "ms", [
    ["latency.p50", "p50"],
    ["latency.p95", "p95"],
    ["latency.p99", "p99"],
  ]),
  linesOf("Where the time goes (p50)", "ms", [
    ["queued.p50", "in the queue"],
    ["compute.p50", "in the model"],
  ]),
  linesOf("Queue", "count", [
    ["queue", "rows waiting"],
    ["open", "open requests"],
  ]),
  linesOf("Batches", "number", [["batch", "mean size"]]),
  linesOf("Load", "percent", [["busy", "busy workers"]]),
  linesOf("Rows", "rate", [["rows", "answered"]]),
  {
    kind: "bars",
    title: "Latency, last minute",
    note: "How many requests took up to so many milliseconds",
    key: "latency",
    format: "short",
    empty: "No request was answered in the last minute.",
  },
  {
    kind: "bars",
    title: "Batch sizes",
    note: "How many batches of each size, since the start",
    key: "batches",
    format: "short",
    empty: "No batch has run.",
  },
  {
    kind: "table",
    title: "Errors",
    key: "errors",
    columns: columnsOf([
      ["reason", "Reason", "text"],
      ["count", "Requests", "count"],
      ["meaning", "Meaning", "text"],
      ["last", "Last", "time"],
      ["message", "Said", "text"],
    ]),
    empty: "None.",
  },
  {
    kind: "table",
    title: "Models",
    key: "models",
    columns: columnsOf([
      ["model", "Model", "text"],
      ["version", "Version", "text"],
      ["state", "State", "state"],
      ["answered", "Answered", "count"],
      ["failed", "Failed", "count"],
      ["p50", "p50", "ms"],
      ["p99", "p99", "ms"],
      ["queue", "Waiting", "count"],
      ["batchSize", "Most in a batch", "count"],
      ["workers", "Workers", "count"],
      ["restarts", "Restarts", "count"],
      ["takes", "Takes", "text"],
      ["platform", "Platform", "text"],
      ["reason", "Why not ready", "text"],
    ]),
    empty: "No model is served.",
  },
  {
    kind: "table",
    title: "Workers",
    key: "workers",
    columns: columnsOf([
      ["worker", "Worker", "text"],
      ["model", "Model", "text"],
      ["state", "State", "state"],
      ["device", "Device", "text"],
      ["pid", "Process", "text"],
      ["batches", "Batches", "count"],
      ["rows", "Rows", "count"],
      ["busy", "In the model", "percent"],
      ["memory", "Memory", "bytes"],
      ["age", "Up", "duration"],
    ]),
    empty: "No worker is up.",
  },
  {
    kind: "table",
    title: "Recorded by the plugin",
    key: "recorded",
    columns: columnsOf([
      ["key", "What", "text"],
      ["model", "Model", "text"],
      ["last", "Last", "number"],
      ["avg", "Mean of 1,000", "number"],
      ["min", "Least", "number"],
      ["max", "Most", "number"],
      ["count", "How many", "count"],
    ]),
    empty: "Nothing yet: recordStatistic({ … }) in a plugin adds to it.",
  },
  { kind: "events", title: "Events", empty: "Nothing has happened yet." },
];

type Tiles = Extract<Panel, { kind: "tiles" }>["tiles"];
type Columns = Extract<Panel, { kind: "table" }>["columns"];
type Lines = Extract<Panel, { kind: "lines" }>;

function tilesOf(
  rows: readonly [key: string, label: string, format: Tiles[number]["format"], hint?: string][],
): Tiles {
  return rows.map(([key, label, format, hint]) => ({ key, label, format, ...(hint && { hint }) }));
}

function columnsOf(
  rows: readonly [key: string, label: string, format: Columns[number]["format"]][],
): Columns {
  return rows.map(([key, label, format]) => ({ key, label, format }));
}

function linesOf(
  title: string,
  format: Lines["format"],
  series: readonly [column: string, label: string][],
): Lines {
  return {
    kind: "lines",
    title,
    format,
    series: series.map(([column, label]) => ({ column, label })),
  };
}
