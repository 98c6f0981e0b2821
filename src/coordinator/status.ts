import type { TableStats } from "../replay/replay.ts";
import type { LogHistogram } from "../telemetry/log-histogram.ts";
import type { LearnerOrder } from "./commander/commander.ts";
import type { WorkerRole } from "./plugin/worker-verbs.ts";
import type { Counters, EvalResult, WorkerTally } from "./run/tally.ts";
import type { TaskKind, TaskRecord, TaskState } from "./tasks/task-record.ts";
import type { PolicyLagStats } from "./weights/policy-lag.ts";
import type { PolicyStats } from "./weights/weight-store.ts";
import type { WorkerState } from "./workers/worker.ts";

/** A worker as others see it. */
export interface WorkerFacts {
  id: string;
  role: WorkerRole;
  state: WorkerState;
  origin: string;
  pid: number | undefined;
  address: string;
  taskId: string | undefined;
  envSteps: number;
  policyVersion: number;
  cpu: number;
  gpu: number;
  labels: readonly string[];
}

/** What status, metrics, page and the last line are read from. */
export interface CoordinatorFacts {
  state: string;
  reached: boolean;
  expName: string;
  elapsedMs: number;
  uptimeMs: number;
  counters: Readonly<Counters>;
  lastReturn: number | undefined;
  evals: readonly EvalResult[];
  tasks: Readonly<Record<TaskState, number>>;
  openTasks: readonly TaskRecord[];
  workers: readonly WorkerFacts[];
  tallies: ReadonlyMap<string, WorkerTally>;
  slots: { collector: number };
  buffers: readonly { bufferId: string; table: string; stats: TableStats; waiting: number }[];
  policies: readonly PolicyStats[];
  lag: PolicyLagStats;
  assignMs: LogHistogram;
  snapshots: { count: number; bytes: number; lastMs: number };
  commander: Readonly<Record<string, unknown>>;
  learned: Readonly<Record<string, unknown>> | undefined;
}

/** Kinds of tasks and states of workers in the order in which they are shown. */
export const TASK_KINDS: readonly TaskKind[] = ["collector", "evaluator", "learner"];
export const WORKER_STATES: readonly WorkerState[] = ["joining", "idle", "busy", "draining"];

/** How the run went: the last line that a run prints. */
export interface Summary {
  reached: boolean;
  /** Mean return of the last evaluation; null before the first. */
  return: number | null;
  episodes: number;
  seconds: number;
  envSteps: number;
  workers: { id: string; role: string; pid: number | null; envSteps: number }[];
  /** The newest version of each policy. */
  policyVersions: Record<string, number>;
}

/** The newest version of what is learned now, which is not the last of a league's policies. */
export function learnedVersion({
  openTasks,
  policies,
}: Pick<CoordinatorFacts, "openTasks" | "policies">): number {
  const learner = openTasks.find(({ kind }) => kind === "learner");
  const { policyId } = (learner?.payload ?? {}) as Partial<LearnerOrder>;
  const learned = policies.find((one) => one.policyId === policyId);
  return learned?.newest ?? Math.max(0, ...policies.map(({ newest }) => newest));
}

/** The last line of a run. */
export function summaryOf(facts: CoordinatorFacts): Summary {
  return {
    reached: facts.reached,
    return: facts.evals.at(-1)?.rewardMean ?? null,
    episodes: facts.counters.episodes,
    seconds: Math.round(facts.elapsedMs) / 1_000,
    envSteps: facts.counters.envSteps,
    workers: [...facts.tallies].map(([id, { role, pid = null, envSteps }]) => ({
      id,
      role,
      pid,
      envSteps,
    })),
    policyVersions: Object.fromEntries(facts.policies.map((one) => [one.policyId, one.newest])),
  };
}

/** What `GET /status` says. */
export function statusOf(facts: CoordinatorFacts): Record<string, unknown> {
  const { assignMs, openTasks, tallies: _, uptimeMs, ...rest } = facts;
  const [p50 = 0, p99 = 0] = assignMs.quantiles([0.5, 0.99]);
  return {
    ...rest,
    ...summaryOf(facts),
    policyVersions: summaryOf(facts).policyVersions,
    uptimeMs: Math.round(uptimeMs),
    assign: {
      count: assignMs.count,
      p50Ms: assignMs.count ? p50 : null,
      p99Ms: assignMs.count ? p99 : null,
    },
    openTasks: openTasks.map(({ id, kind, attempt, state, workerId = null, reason = null }) => ({
      id,
      kind,
      attempt,
      state,
      workerId,
      reason,
    })),
    workers: facts.workers,
  };
}
