import { oncePerTurn } from "../telemetry/once-per-turn.ts";
import { Registry } from "../telemetry/registry.ts";
import { WORKER_ROLES } from "./plugin/worker-verbs.ts";
import { type CoordinatorFacts, WORKER_STATES } from "./status.ts";

const P = "ding_coordinator";

/** What a coordinator shows at /metrics, read when asked. */
export function coordinatorMetrics(read: () => CoordinatorFacts): Registry {
  const registry = new Registry();
  const facts = oncePerTurn(read);
  const total = (name: string, help: string, value: (facts: CoordinatorFacts) => number): void =>
    registry.readTotal(`${P}_${name}_total`, help, () => value(facts()));
  total("env_steps", "Steps of the environment by collectors", ({ counters }) => counters.envSteps);
  total("episodes", "Episodes of collectors", ({ counters }) => counters.episodes);
  total("eval_episodes", "Episodes of evaluations", ({ counters }) => counters.evalEpisodes);
  total("inserted", "Items inserted", ({ counters }) => counters.inserted);
  total("insert_dropped", "Items dropped at insert", ({ counters }) => counters.droppedInserts);
  total("samples", "Items sampled by learners", ({ counters }) => counters.sampled);
  total("attempts", "Tasks given to workers", ({ counters }) => counters.attempts);
  total("attempt_failures", "Attempts that came to nothing", ({ counters }) => counters.failures);
  total("evaluations", "Evaluations", ({ evals }) => evals.length);
  total("snapshots", "States saved since the start", ({ snapshots }) => snapshots.count);
  registry.read(`${P}_learner_step`, "Where the learner is", () => facts().counters.learnerStep);
  registry.read(`${P}_reached`, "1 when the goal is reached", () => Number(facts().reached));
  registry.read(`${P}_return`, "Mean return of the last evaluation", () => {
    const last = facts().evals.at(-1);
    return last ? [[{}, last.rewardMean] as const] : [];
  });
  registry.read(`${P}_tasks`, "Tasks by state; those that have ended since the beginning", () =>
    Object.entries(facts().tasks).map(([state, count]) => [{ state }, count] as const),
  );
  registry.read(`${P}_workers`, "Workers by role and state", () =>
    WORKER_ROLES.flatMap((role) =>
      WORKER_STATES.map((state) => {
        const { workers } = facts();
        const count = workers.filter((one) => one.role === role && one.state === state).length;
        return [{ role, state }, count] as const;
      }),
    ),
  );
  registry.readTotal(`${P}_worker_env_steps_total`, "Steps of the environment by worker", () =>
    [...facts().tallies].map(([worker, { envSteps }]) => [{ worker }, envSteps] as const),
  );
  readBuffers(registry, facts);
  registry.read(`${P}_policy_version`, "Newest version of each policy's weights", () =>
    facts().policies.map(({ policyId, newest }) => [{ policy: policyId }, newest] as const),
  );
  registry.read(`${P}_policy_lag`, "Versions that inserted data were behind", () => {
    const { last, least, most, mean } = facts().lag;
    return Object.entries({ last, least, most, mean }).map(
      ([of, value]) => [{ of }, value] as const,
    );
  });
  registry.readTotal(`${P}_lagging_total`, "Steps beyond maxPolicyLag, and pauses", () => {
    const { dropped, marked, paused } = facts().lag;
    return Object.entries({ dropped, marked, paused }).map(
      ([what, value]) => [{ what }, value] as const,
    );
  });
  registry.readSummary(
    `${P}_assign_seconds`,
    "From a free worker and a queued task to its start",
    () => {
      const { assignMs: window } = facts();
      return [{ labels: {}, window, scale: 0.001, sum: window.sum / 1_000, count: window.count }];
    },
  );
  registry.read(
    `${P}_snapshot_bytes`,
    "Size of the last saved state",
    () => facts().snapshots.bytes,
  );
  return registry;
}

function readBuffers(registry: Registry, facts: () => CoordinatorFacts): void {
  const each = (value: (buffer: CoordinatorFacts["buffers"][number]) => number) => () =>
    facts().buffers.map(
      (buffer) => [{ buffer: buffer.bufferId, table: buffer.table }, value(buffer)] as const,
    );
  registry.read(
    `${P}_buffer_items`,
    "Items in a table",
    each(({ stats }) => stats.size),
  );
  registry.read(
    `${P}_buffer_limit`,
    "Items a table has room for",
    each(({ stats }) => stats.maxSize),
  );
  registry.read(
    `${P}_samples_per_insert`,
    "Samples per insert of a table",
    each(({ stats }) => stats.samplesPerInsert),
  );
  registry.readTotal(
    `${P}_buffer_gone_total`,
    "Items that left a table, by how: evicted by newer ones, used up, too old, deleted, lost in a restart",
    () =>
      facts().buffers.flatMap(({ bufferId, table, stats }) =>
        (["evicted", "exhausted", "expired", "deleted", "lost"] as const).map(
          (how) => [{ buffer: bufferId, table, how }, stats[how]] as const,
        ),
      ),
  );
  registry.read(
    `${P}_buffer_waiting`,
    "Inserts and samples that wait",
    each(({ waiting }) => waiting),
  );
}
