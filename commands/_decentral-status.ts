import type { FleetStatus } from "../src/decentral/client.ts";
import { columnsText } from "./_columns.ts";
import { timeText } from "./_progress.ts";
import { visibleLine } from "./_visible.ts";

/** What of a status is shown. */
interface Shown {
  state: string;
  mode: string;
  ready: boolean;
  reason: string | null;
  uptimeMs: number;
  jobsPerSecond: number;
  jobs: Record<string, number>;
  queue: { url: string; error: string | null; stats: Record<string, number> | null } | null;
  groups: { group: string; units: Record<string, number>; counts: Record<string, number> }[];
  units: { id: string; state: string; stateMs: number; error: string | null }[];
}

const STATES = ["busy", "idle", "waiting", "starting", "down", "stopping"] as const;
const OUTCOMES = ["done", "retried", "dead", "failed"] as const;
const MOST_WAITING = 5;

/** A fleet's status, for people. */
export function statusText(status: FleetStatus): string {
  const shown = status as unknown as Shown;
  const lines = [headLine(shown), ...queueLines(shown), "", ...groupLines(shown)];
  const waiting = shown.units.filter(({ state, error }) => isOut(state) && error !== null);
  for (const { id, state, stateMs, error } of waiting.slice(0, MOST_WAITING)) {
    lines.push(`${id} is ${state} for ${timeText(stateMs / 1_000)}: ${error}`);
  }
  // What units wait for are the words of others.
  return lines.map((line) => `${visibleLine(line)}\n`).join("");
}

function headLine({ state, mode, ready, reason, uptimeMs, jobsPerSecond }: Shown): string {
  const word =
    state !== "running" ? state : mode === "idle" ? "idle" : ready ? "ready" : "not ready";
  const why = ready || reason === null ? "" : ` (${reason})`;
  return `fleet ${word}${why}, up ${timeText(uptimeMs / 1_000)}, ${jobsPerSecond.toFixed(1)} jobs/s`;
}

function queueLines({ queue }: Shown): string[] {
  if (!queue) return [];
  const { url, stats, error } = queue;
  if (!stats) return [`queue ${url}: ${error ?? "not asked yet"}`];
  const { ready = 0, delayed = 0, leased = 0, dead = 0 } = stats;
  const counts = `${ready} ready, ${delayed} delayed, ${leased} taken, ${dead} dead`;
  return [`queue ${url}: ${counts}${error === null ? "" : ` (${error})`}`];
}

function groupLines({ groups }: Shown): string[] {
  const head = ["server", ...STATES, ...OUTCOMES];
  const rows = groups.map(({ group, units, counts }) => [
    group,
    ...STATES.map((state) => `${units[state] ?? 0}`),
    ...OUTCOMES.map((outcome) => `${counts[outcome] ?? 0}`),
  ]);
  return columnsText([head, ...rows]);
}

function isOut(state: string): boolean {
  return state === "waiting" || state === "down";
}
