import { oncePerTurn } from "../telemetry/once-per-turn.ts";
import { Registry } from "../telemetry/registry.ts";
import { groupFacts, type FleetFacts } from "./status.ts";
import { OUTCOMES, UNIT_STATES } from "./unit-record.ts";

/** What a fleet shows at /metrics, read when asked. */
export function fleetMetrics(read: () => FleetFacts): Registry {
  const registry = new Registry();
  const facts = oncePerTurn(read);
  const groups = oncePerTurn(() => facts().groups.map((group) => groupFacts(group, facts().units)));
  registry.read("ding_decentral_ready", "1 when units take jobs", () => Number(facts().ready));
  registry.read("ding_decentral_units", "Units by server and state", () =>
    groups().flatMap(({ group, units }) =>
      UNIT_STATES.map((state) => [{ server: group, state }, units[state]] as const),
    ),
  );
  registry.readTotal("ding_decentral_jobs_total", "Jobs by server and what became of them", () =>
    groups().flatMap(({ group, counts }) =>
      OUTCOMES.map((outcome) => [{ server: group, outcome }, counts[outcome]] as const),
    ),
  );
  registry.readSummary("ding_decentral_job_seconds", "How long jobs take, by server", () =>
    facts().groups.map(({ group, tookMs, sumMs, took }) => ({
      labels: { server: group },
      window: tookMs.window(),
      scale: 0.001,
      sum: sumMs / 1_000,
      count: took,
    })),
  );
  registry.readTotal(
    "ding_decentral_unit_restarts_total",
    "How often the process of a unit died",
    () => groups().map(({ group, restarts }) => [{ server: group }, restarts] as const),
  );
  registry.read("ding_decentral_unit_age_seconds", "Age of the oldest unit, by server", () =>
    facts().groups.map(
      ({ group }) => [{ server: group }, oldest(facts(), group, (unit) => unit.ageMs)] as const,
    ),
  );
  registry.read("ding_decentral_job_age_seconds", "The longest job under way, by server", () =>
    facts().groups.map(
      ({ group }) =>
        [
          { server: group },
          oldest(facts(), group, (unit) => (unit.state === "busy" ? unit.stateMs : 0)),
        ] as const,
    ),
  );
  addQueue(registry, facts);
  registry.read("ding_decentral_workers", "Worker processes", () => facts().workers.length);
  registry.readTotal(
    "ding_decentral_worker_deaths_total",
    "Worker processes that died and were replaced",
    () => facts().crashes,
  );
  registry.read(
    "ding_decentral_uptime_seconds",
    "Time since the start",
    () => facts().uptimeMs / 1_000,
  );
  registry.read("process_resident_memory_bytes", "Memory of the fleet's own process", () =>
    process.memoryUsage.rss(),
  );
  return registry;
}

function addQueue(registry: Registry, facts: () => FleetFacts): void {
  const stats = (): NonNullable<FleetFacts["queue"]>["stats"] | undefined => facts().queue?.stats;
  registry.read("ding_decentral_queue_jobs", "Jobs in the queue, by state", () => {
    const now = stats();
    if (!now) return [];
    const states = ["ready", "delayed", "leased", "dead"] as const;
    return states.map((state) => [{ state }, now[state]] as const);
  });
  registry.read(
    "ding_decentral_queue_oldest_seconds",
    "Age of the oldest job that is ready",
    () => {
      const oldestMs = stats()?.oldestMs;
      return oldestMs === undefined ? [] : [[{}, oldestMs / 1_000] as const];
    },
  );
}

function oldest(
  { units }: FleetFacts,
  group: string,
  ageMs: (record: FleetFacts["units"][number]["record"]) => number,
): number {
  const ages = units
    .filter(({ place }) => place.group === group)
    .map(({ record }) => ageMs(record));
  return Math.max(0, ...ages) / 1_000;
}
