import type { Clock } from "../../core/clock.ts";
import type { Cell, DashboardFeed, FeedQuery } from "../../dashboard/dashboard.ts";
import { EventList } from "../../telemetry/event-list.ts";
import { everyStep } from "../../telemetry/every-step.ts";
import { History } from "../../telemetry/history.ts";
import { type CoordinatorFacts, learnedVersion } from "../status.ts";
import type { WorkerState } from "../workers/worker.ts";

/** What the page of a coordinator stands on. */
export interface CoordinatorPageOptions {
  readonly facts: () => CoordinatorFacts;
  /** Names this run of the process. */
  readonly boot: string;
  readonly clock: Clock;
}

const STEP_MS = 1_000;
/** Over so many steps "now" is a mean. */
const NOW_STEPS = 5;
const MOST_LISTED = 200;

/** Looks at the run once a second and keeps what the dashboard shows. Disposing ends the looking. */
export class CoordinatorPage implements Disposable {
  readonly #options: CoordinatorPageOptions;
  readonly #startedMs = Date.now();
  readonly #startedAt: number;
  readonly #history = new History({
    counts: ["envSteps"],
    gauges: ["return", "trainReturn", "items", "spi", "lag", "busy", "idle", "draining"],
    spreads: [],
  });
  readonly events: EventList = new EventList();
  readonly #timer: Disposable;
  readonly #steps: { envSteps: number; ms: number }[] = [];
  #envSteps: number | undefined;
  #workers = new Set<string>();

  constructor(options: CoordinatorPageOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#timer = everyStep(STEP_MS, (ms) => this.#step(ms), options.clock);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  feed({ sinceMs }: FeedQuery): DashboardFeed {
    const facts = this.#options.facts();
    return {
      boot: this.#options.boot,
      nowMs: this.#nowMs,
      startedMs: this.#startedMs,
      state: facts.reached ? "reached" : facts.state,
      scopes: [{ id: "", label: facts.expName }],
      values: { ...valuesOf(facts), stepRate: this.#rate },
      history: this.#history.read(sinceMs),
      bars: {
        tasks: Object.entries(facts.tasks).map(([label, value]) => ({ label, value })),
      },
      tables: tablesOf(facts),
      events: this.events.list(),
    };
  }

  #step(ms: number): void {
    const facts = this.#options.facts();
    const { envSteps } = facts.counters;
    // What was there before a restart was not done in this second.
    const done = envSteps - (this.#envSteps ?? envSteps);
    this.#envSteps = envSteps;
    this.#steps.push({ envSteps: done, ms });
    if (this.#steps.length > NOW_STEPS) this.#steps.shift();
    const [buffer] = facts.buffers;
    this.#history.push({
      atMs: this.#nowMs,
      ms,
      counts: { envSteps: done },
      gauges: {
        return: facts.evals.at(-1)?.rewardMean ?? Number.NaN,
        trainReturn: facts.lastReturn ?? Number.NaN,
        items: buffer?.stats.size ?? Number.NaN,
        spi: buffer?.stats.samplesPerInsert ?? Number.NaN,
        lag: facts.lag.inserts === 0 ? Number.NaN : facts.lag.last,
        busy: countOf(facts, "busy"),
        idle: countOf(facts, "idle"),
        draining: countOf(facts, "draining"),
      },
      spreads: {},
    });
    this.#lookAtWorkers(facts);
  }

  #lookAtWorkers({ workers }: CoordinatorFacts): void {
    const now = new Set(workers.map(({ id, role }) => `${role} ${id}`));
    for (const name of now)
      if (!this.#workers.has(name)) this.events.add("info", `${name} is here`);
    for (const name of this.#workers)
      if (!now.has(name)) this.events.add("warn", `${name} is gone`);
    this.#workers = now;
  }

  get #rate(): number {
    const steps = this.#steps.reduce((sum, step) => sum + step.envSteps, 0);
    const ms = this.#steps.reduce((sum, step) => sum + step.ms, 0);
    return ms === 0 ? 0 : (steps * 1_000) / ms;
  }

  /** The wall's time, but as even as the clock. */
  get #nowMs(): number {
    return Math.round(this.#startedMs + this.#options.clock.now() - this.#startedAt);
  }
}

function countOf({ workers }: CoordinatorFacts, state: WorkerState): number {
  return workers.filter((one) => one.state === state).length;
}

function valuesOf(facts: CoordinatorFacts): Record<string, Cell> {
  const { counters, evals, buffers, lag, assignMs } = facts;
  const [buffer] = buffers;
  const [p50 = 0] = assignMs.quantiles([0.5]);
  return {
    return: evals.at(-1)?.rewardMean ?? null,
    envSteps: counters.envSteps,
    episodes: counters.episodes,
    learnerStep: counters.learnerStep,
    version: learnedVersion(facts),
    lag: lag.inserts === 0 ? null : lag.mean,
    fill: buffer ? buffer.stats.size / buffer.stats.maxSize : null,
    spi: buffer ? buffer.stats.samplesPerInsert : null,
    workersIdle: countOf(facts, "idle"),
    workersBusy: countOf(facts, "busy"),
    failures: counters.failures,
    assignP50: assignMs.count === 0 ? null : p50,
    elapsed: facts.elapsedMs,
  };
}

function tablesOf(facts: CoordinatorFacts): DashboardFeed["tables"] {
  return {
    workers: facts.workers.slice(0, MOST_LISTED).map((one) => ({
      id: one.id,
      role: one.role,
      state: one.state,
      task: one.taskId ?? null,
      envSteps: one.envSteps,
      version: one.policyVersion,
      pid: one.pid === undefined ? null : `${one.pid}`,
    })),
    openTasks: facts.openTasks.slice(0, MOST_LISTED).map((one) => ({
      id: one.id,
      kind: one.kind,
      state: one.state,
      attempt: one.attempt,
      worker: one.workerId ?? null,
      reason: one.reason ?? null,
    })),
    buffers: facts.buffers.map(({ table, stats, waiting }) => ({
      table,
      items: stats.size,
      most: stats.maxSize,
      inserted: stats.inserted,
      sampled: stats.sampled,
      spi: stats.samplesPerInsert,
      waiting,
    })),
  };
}
