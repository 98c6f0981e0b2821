import type { QueueStats } from "../broker/job.ts";
import type { ServiceState } from "../core/service.ts";
import { residentBytes } from "../telemetry/resident-bytes.ts";
import type { WorkerFacts } from "../pool/pool.ts";
import type { GroupStatistics } from "./group-statistics.ts";
import type { RemoteServer } from "./remote-servers.ts";
import type { Unit } from "./unit.ts";
import { OUTCOMES, UNIT_STATES, type Outcome, type UnitState } from "./unit-record.ts";

/** Do units take jobs, or has somebody told them not to? */
export type FleetMode = "running" | "idle";

/** What is known of a unit. */
export interface UnitFacts {
  id: string;
  group: string;
  state: UnitState;
  /** How long it is in that state. */
  stateMs: number;
  ageMs: number;
  /** The id of the job that it is at. */
  job: string | null;
  counts: Record<Outcome, number>;
  /** How often its worker process has died. */
  restarts: number;
  /** Why it failed last, or what it waits for. */
  error: string | null;
  /** The process that it lives in. */
  worker: string;
}

/** What is known of the units of one server. */
export interface GroupFacts {
  group: string;
  units: Record<UnitState, number>;
  counts: Record<Outcome, number>;
  restarts: number;
}

/** What a fleet knows of its queue, as of its last look. */
export interface QueueFacts {
  url: string;
  stats: QueueStats | null;
  /** Why it could not be asked. */
  error: string | null;
}

/** What the metrics, the page and the status are read from. */
export interface FleetFacts {
  state: ServiceState;
  ready: boolean;
  /** Why it is not. */
  reason: string | undefined;
  mode: FleetMode;
  /** What is being changed right now: "switch", "restart", … */
  changing: string | undefined;
  units: readonly Unit[];
  groups: readonly GroupStatistics[];
  workers: readonly WorkerFacts[];
  crashes: number;
  queue: QueueFacts | undefined;
  uptimeMs: number;
}

/** A count of each outcome, and of each state. */
export function groupFacts(group: GroupStatistics, units: readonly Unit[]): GroupFacts {
  const own = units.filter(({ place }) => place.group === group.group);
  const states = UNIT_STATES.map(
    (state) => [state, own.filter(({ record }) => record.state === state).length] as const,
  );
  return {
    group: group.group,
    units: Object.fromEntries(states) as Record<UnitState, number>,
    counts: { ...group.counts },
    restarts: group.restarts,
  };
}

/** A unit, for lists. */
export function unitFacts({ place, record }: Unit): UnitFacts {
  return {
    id: place.id,
    group: place.group,
    state: record.state,
    stateMs: Math.round(record.stateMs),
    ageMs: Math.round(record.ageMs),
    job: record.job ?? null,
    counts: { ...record.counts },
    restarts: record.restarts,
    error: record.error ?? null,
    worker: `w${place.worker}`,
  };
}

/** What `GET /status` of a fleet says beside who it is. */
export function statusOf(
  { units, groups, workers, crashes, queue, ...facts }: FleetFacts,
  { servers, numClient }: { servers: readonly RemoteServer[]; numClient: number },
): Record<string, unknown> {
  const told = groups.map((group) => groupFacts(group, units));
  const sum = <K extends string>(
    keys: readonly K[],
    of: (group: GroupFacts) => Record<K, number>,
  ) =>
    Object.fromEntries(
      keys.map((key) => [key, told.reduce((all, group) => all + of(group)[key], 0)]),
    );
  const remote = servers.map(({ ip, port, portOut }) => [ip, port, portOut ?? port]);
  return {
    ...facts,
    reason: facts.reason ?? null,
    changing: facts.changing ?? null,
    uptimeMs: Math.round(facts.uptimeMs),
    numClient,
    remoteServers: remote,
    jobs: sum(OUTCOMES, ({ counts }) => counts),
    unitStates: sum(UNIT_STATES, (group) => group.units),
    queue: queue ? { ...queue, stats: statsOf(queue) } : null,
    groups: told,
    units: units.map(unitFacts),
    workers: workers.map(({ id, pid, state }) => ({
      id,
      pid,
      state: state === "starting" ? "starting" : "up",
      units: units.filter(({ place }) => `w${place.worker}` === id).length,
      rssBytes: residentBytes(pid),
    })),
    crashes,
    memory: { rssBytes: process.memoryUsage.rss() },
    // As the ancestor's status has them.
    number_client_per_server: numClient,
    remote_servers: remote,
  };
}

/** With all of its fields, whatever there is in the queue. */
function statsOf({ stats }: QueueFacts): Record<string, number | null> | null {
  return stats && { ...stats, oldestMs: stats.oldestMs ?? null };
}

/** Why no unit takes jobs; undefined if one does. */
export function notReady({
  state,
  mode,
  units,
  queue,
}: Pick<FleetFacts, "state" | "mode" | "queue"> & {
  units: readonly Pick<Unit, "record">[];
}): string | undefined {
  if (state !== "running") return `the fleet is ${state}`;
  if (mode === "idle") return "the fleet is idle";
  const isUp = (wanted: UnitState): boolean =>
    units.some(({ record: { state } }) => state === wanted);
  if (isUp("busy")) return undefined;
  if (isUp("idle")) return queue?.error ? `the queue is away: ${queue.error}` : undefined;
  const waiting = units.find(({ record }) => record.state === "waiting");
  return waiting ? `every unit waits: ${waiting.record.error ?? ""}` : "no unit is up";
}
