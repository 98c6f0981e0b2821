import { timeText } from "./_progress.ts";

/** What is read of a slave's status; a slave of another version may say less. */
export type ShownStatus = Record<string, unknown> & {
  plugin?: string;
  state?: string;
  channel?: number;
  concurrency?: number;
  running?: number;
  queued?: number;
  counts?: Record<string, number>;
  uptimeMs?: number;
  memory?: { rssBytes?: number };
  master?: { address?: string } | null;
};

/** The names over the columns of `statusRow`, after that of the slave. */
export const statusHead: string[] = [
  "slave",
  "state",
  "plugin",
  "channel",
  "running",
  "queued",
  "completed",
  "failed",
  "up",
  "memory",
  "master",
];

/** One slave in one line. */
export function statusRow(status: ShownStatus): string[] {
  const { state, plugin, channel, running, concurrency, queued, counts, uptimeMs } = status;
  const failed = sum(counts, ["failed", "cancelled", "timedOut"]);
  const bytes = status.memory?.rssBytes;
  return [
    state ?? "",
    plugin ?? "",
    shown(channel),
    concurrency === undefined ? shown(running) : `${shown(running)}/${concurrency}`,
    shown(queued),
    shown(counts?.completed),
    shown(failed),
    uptimeMs === undefined ? "" : timeText(uptimeMs / 1_000),
    bytes === undefined ? "" : `${Math.round(bytes / 1_048_576)} MiB`,
    status.master?.address ?? "-",
  ];
}

function shown(value: number | undefined): string {
  return value === undefined ? "" : String(value);
}

function sum(counts: Record<string, number> | undefined, names: string[]): number | undefined {
  return counts && names.reduce((total, name) => total + (counts[name] ?? 0), 0);
}
