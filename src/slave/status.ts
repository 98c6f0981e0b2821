import type { Clock } from "../core/clock.ts";
import type { ServiceState } from "../core/service.ts";
import type { WorkerFacts } from "../pool/pool.ts";
import type { SlaveFacts } from "../protocol/task-session.ts";
import { residentBytes } from "../telemetry/resident-bytes.ts";
import type { Executor } from "./executor.ts";
import type { Occupant } from "./seat.ts";
import { NO_COUNTS, type TaskCounts, type TaskFacts, type Tasks } from "./tasks.ts";

/** What `GET /status` of a slave says. */
export interface SlaveStatus extends SlaveFacts {
  role: "slave";
  /** Names this run of the process. */
  boot: string;
  state: ServiceState;
  ready: boolean;
  running: number;
  queued: number;
  /** The first hundred that are here. */
  tasks: TaskFacts[];
  counts: TaskCounts;
  /** The master it works for; away while its connection is broken and may come back. */
  master: { kind: string; address: string; away: boolean } | null;
  workers: (Omit<WorkerFacts, "startedAt"> & { uptimeMs: number; rssBytes: number | null })[];
  uptimeMs: number;
  memory: { rssBytes: number };
}

/** Where the status comes from. */
export interface StatusSources {
  facts: SlaveFacts;
  state: ServiceState;
  isReady: boolean;
  boot: string;
  startedAt: number;
  clock: Clock;
  tasks: Tasks | undefined;
  executor: Executor | undefined;
  master: Occupant | undefined;
}

const LISTED_TASKS = 100;

/** Reads the status of a slave in any state. */
export function statusOf(sources: StatusSources): SlaveStatus {
  const { facts, state, isReady, boot, startedAt, clock, tasks, executor, master } = sources;
  return {
    role: "slave",
    ...facts,
    boot,
    state,
    ready: isReady && state === "running",
    running: tasks?.running ?? 0,
    queued: tasks?.queued ?? 0,
    tasks: tasks?.list(LISTED_TASKS) ?? [],
    counts: tasks?.counts ?? NO_COUNTS,
    master: master ? { kind: master.kind, address: master.address, away: master.isAway() } : null,
    workers: (executor?.workers ?? []).map(({ startedAt: workerStartedAt, ...worker }) => ({
      ...worker,
      uptimeMs: Math.round(clock.now() - workerStartedAt),
      rssBytes: residentBytes(worker.pid),
    })),
    uptimeMs: Math.round(clock.now() - startedAt),
    memory: { rssBytes: process.memoryUsage().rss },
  };
}
