import type { Clock } from "../../core/clock.ts";
import type { Cell, DashboardFeed, FeedQuery } from "../../dashboard/dashboard.ts";
import { EventList } from "../../telemetry/event-list.ts";
import { everyStep } from "../../telemetry/every-step.ts";
import type { LogHistogram } from "../../telemetry/log-histogram.ts";
import { residentBytes } from "../../telemetry/resident-bytes.ts";
import { sumOfCounts, type GroupStatistics } from "../group-statistics.ts";
import { groupFacts, type FleetFacts } from "../status.ts";
import type { Unit } from "../unit.ts";
import { OUTCOMES, UNIT_STATES } from "../unit-record.ts";
import { FleetChanges } from "./fleet-changes.ts";
import { FleetHistory, sumOf } from "./fleet-history.ts";

/** What the page of a fleet stands on. */
export interface FleetPageOptions {
  readonly facts: () => FleetFacts;
  /** Names this run of the process. */
  readonly boot: string;
  readonly clock: Clock;
}

const STEP_MS = 1_000;
const ALL = "";
/** More units no page needs to list. */
const MOST_LISTED = 500;

/** Looks at the fleet once a second and keeps what the dashboard shows. Disposing ends the looking. */
export class FleetPage implements Disposable {
  readonly #options: FleetPageOptions;
  readonly #startedMs = Date.now();
  readonly #startedAt: number;
  readonly #histories = new Map<string, FleetHistory>([[ALL, new FleetHistory()]]);
  readonly #events = new EventList();
  readonly #changes = new FleetChanges(this.#events);
  readonly #timer: Disposable;

  constructor(options: FleetPageOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#timer = everyStep(STEP_MS, (ms) => this.#step(ms), options.clock);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  /** Jobs a second, mean of five seconds. */
  get rate(): number {
    return this.#history(ALL).rate;
  }

  /** An unknown scope is all together: its server may just have gone. */
  feed({ sinceMs, scope }: FeedQuery): DashboardFeed {
    const facts = this.#options.facts();
    const isOne = scope !== ALL && this.#histories.has(scope);
    const history = this.#history(isOne ? scope : ALL);
    const units = facts.units.filter(({ place }) => !isOne || place.group === scope);
    const groups = facts.groups.filter(({ group }) => !isOne || group === scope);
    return {
      boot: this.#options.boot,
      nowMs: this.#nowMs,
      startedMs: this.#startedMs,
      state: stateOf(facts),
      scopes: scopesOf(facts),
      values: { ...valuesOf(facts, units, groups), rate: history.rate },
      history: history.read(sinceMs),
      bars: {},
      tables: {
        groups: groups.map((group) => groupRow(group, facts.units)),
        units: units.slice(0, MOST_LISTED).map(unitRow),
      },
      events: this.#events.list(),
    };
  }

  #step(ms: number): void {
    const facts = this.#options.facts();
    const atMs = this.#nowMs;
    this.#history(ALL).step(facts, facts.groups, { atMs, ms });
    for (const group of facts.groups) {
      const units = facts.units.filter(({ place }) => place.group === group.group);
      this.#history(group.group).step({ units, queue: facts.queue }, [group], { atMs, ms });
    }
    for (const { tookMs } of facts.groups) tookMs.turn();
    this.#changes.look(facts);
  }

  #history(scope: string): FleetHistory {
    let history = this.#histories.get(scope);
    if (!history) this.#histories.set(scope, (history = new FleetHistory()));
    return history;
  }

  /** The wall's time, but as even as the clock: a wall that jumps would tear the lines. */
  get #nowMs(): number {
    return Math.round(this.#startedMs + this.#options.clock.now() - this.#startedAt);
  }
}

function stateOf({ state, ready, mode, changing }: FleetFacts): string {
  if (state !== "running") return state;
  if (changing !== undefined) return changing;
  if (mode === "idle") return "idle";
  return ready ? "ready" : "not ready";
}

function scopesOf({ groups }: FleetFacts): { id: string; label: string }[] {
  const ids = groups.map(({ group }) => group);
  if (ids.length < 2) return [{ id: ALL, label: ids[0] ?? "all" }];
  return [{ id: ALL, label: "all servers" }, ...ids.map((id) => ({ id, label: id }))];
}

function valuesOf(
  { queue, workers, uptimeMs }: FleetFacts,
  units: readonly Unit[],
  groups: readonly GroupStatistics[],
): Record<string, Cell> {
  const count = (state: string): number =>
    units.filter(({ record }) => record.state === state).length;
  const outcomes = OUTCOMES.map((outcome) => [outcome, sumOfCounts(groups, [outcome])] as const);
  const stats = queue?.stats;
  const memory = workers.reduce((sum, { pid }) => sum + (residentBytes(pid) ?? 0), 0);
  return {
    ...Object.fromEntries(UNIT_STATES.map((state) => [state, count(state)])),
    ...Object.fromEntries(outcomes),
    ...timesOf(sumOf(groups.map(({ tookMs }) => tookMs.window()))),
    ready: stats?.ready ?? null,
    oldest: stats?.oldestMs ?? null,
    deadJobs: stats?.dead ?? null,
    memory: memory + process.memoryUsage.rss(),
    uptime: uptimeMs,
  };
}

function timesOf(took: LogHistogram): { p50: Cell; p99: Cell } {
  const [p50 = Number.NaN, p99 = Number.NaN] = took.quantiles([0.5, 0.99]);
  return { p50: Number.isNaN(p50) ? null : p50, p99: Number.isNaN(p99) ? null : p99 };
}

function groupRow(group: GroupStatistics, all: readonly Unit[]): Record<string, Cell> {
  const { units, counts, restarts } = groupFacts(group, all);
  const sum = Object.values(units).reduce((total, count) => total + count, 0);
  const times = timesOf(group.tookMs.window());
  return { group: group.group, ...units, ...counts, units: sum, restarts, ...times };
}

function unitRow({ place, record }: Unit): Record<string, Cell> {
  const { counts } = record;
  return {
    unit: place.id,
    state: record.state,
    stateMs: record.stateMs,
    age: record.ageMs,
    job: record.job ?? null,
    done: counts.done,
    failed: counts.failed + counts.retried + counts.dead,
    worker: `w${place.worker}`,
    error: record.error ?? null,
  };
}
