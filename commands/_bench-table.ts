import { type LevelResult, modesOf } from "../src/load/level-result.ts";
import type { LoadReport } from "../src/load/load.ts";
import { refusalText } from "../src/load/server-reader.ts";
import { visibleLine } from "./_visible.ts";

/** Over this share of a core the load itself may be what is slow. */
const BUSY_GENERATOR = 0.9;

/** What was loaded, in a line. */
export function titleOf({ url, model, format, rows, bodyBytes }: LoadReport): string {
  const what = model === undefined ? url : `${model} at ${new URL(url).host}, ${format}`;
  return `${what}, ${rows === 1 ? "1 row" : `${rows} rows`} and ${bytesText(bodyBytes)} a request`;
}

/** The levels, a table for each way to press. */
export function tablesText({ levels }: LoadReport): string {
  const tables = modesOf(levels).map((mode) => {
    const rows = levels.filter((level) => level.mode === mode).map(levelCells);
    return tableText([[LEVELS[mode], ...COLUMNS], ...rows]);
  });
  return tables.join("\n");
}

const LEVELS = { concurrency: "clients", rate: "rate" } as const;

const TIMES = ["p50 ms", "p90 ms", "p99 ms", "max ms"];
const SERVER = ["queue ms", "model ms", "batch"];
const COLUMNS = ["answers/s", ...TIMES, "failed", ...SERVER, "steady"];

/** What was measured at one level, for people. */
export function levelCells(result: LevelResult): string[] {
  const { latencyMs, server } = result;
  return [
    String(result.level),
    figure(result.requestsPerSecond),
    ...[latencyMs.p50, latencyMs.p90, latencyMs.p99, latencyMs.max].map(figure),
    String(result.failed),
    ...[server?.queueMs, server?.computeMs, server?.batchRows].map(figure),
    result.isStable ? "yes" : "no",
  ];
}

/** The rows as a table, figures to the right. */
function tableText(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows
    .map((row) => `${row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join("  ")}\n`)
    .join("");
}

/** What the figures do not say: why requests failed, and whether the load could be told apart from the server. */
export function notesOf({ levels }: LoadReport): string[] {
  const notes = new Set<string>();
  const isMixed = modesOf(levels).length > 1;
  for (const { mode, level: value, statuses, failures, refusals, generatorCpu } of levels) {
    const level = isMixed && mode === "rate" ? `${value}/s` : value;
    for (const [status, count] of Object.entries(statuses)) {
      if (Number(status) < 400) continue;
      const said = refusalText(refusals[status] ?? "");
      notes.add(`At ${level}: ${count} × status ${status}${said && `: ${visibleLine(said)}`}`);
    }
    for (const [reason, count] of Object.entries(failures)) {
      notes.add(`At ${level}: ${count} × ${FAILURES[reason] ?? reason}`);
    }
    if (generatorCpu > BUSY_GENERATOR) {
      notes.add(`At ${level}: this program kept a core busy; the server may do more`);
    }
  }
  return [...notes];
}

const FAILURES: Record<string, string> = {
  refused: "connection refused",
  unreachable: "cannot be reached",
  closed: "connection closed before the answer",
  malformed: "an answer that is not HTTP",
  timeout: "no answer within --timeout-ms",
  unanswered: "no answer when the level was over",
};

/** Three digits that mean something; nothing for what is not known. */
function figure(value: number | undefined): string {
  if (value === undefined) return "";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000
    ? `${(bytes / 1_000).toFixed(1)} KB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
