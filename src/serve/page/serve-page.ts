import type { DashboardFeed, FeedQuery } from "../../dashboard/dashboard.ts";
import { EventList } from "../../telemetry/event-list.ts";
import { everyStep } from "../../telemetry/every-step.ts";
import { Changes } from "./changes.ts";
import { barsOf, tablesOf } from "./feed-tables.ts";
import { valuesOf } from "./feed-values.ts";
import { modelId } from "./model-id.ts";
import type { ModelStatistics } from "./model-statistics.ts";
import { ScopeHistory, type ScopeGauges } from "./scope-history.ts";
import type { ServedVersion, ServerFacts } from "./server-facts.ts";
import type { ServeStatistics } from "./statistics.ts";
import { WorkerLoad } from "./worker-load.ts";

/** What the page of a server stands on. */
export interface ServePageOptions {
  readonly statistics: ServeStatistics;
  readonly facts: () => ServerFacts;
  /** Names this run of the process. */
  readonly boot: string;
}

const STEP_MS = 1_000;
const ALL = "";

/** Looks at the server once a second and keeps what the dashboard shows. Disposing ends the looking. */
export class ServePage implements Disposable {
  readonly #options: ServePageOptions;
  readonly #startedMs = Date.now();
  readonly #histories = new Map<string, ScopeHistory>();
  readonly #events = new EventList();
  readonly #changes = new Changes(this.#events);
  readonly #load = new WorkerLoad();
  readonly #timer: Disposable;
  #cpu = process.cpuUsage();
  #cpuPart = 0;

  constructor(options: ServePageOptions) {
    this.#options = options;
    this.#histories.set(ALL, new ScopeHistory());
    this.#timer = everyStep(STEP_MS, (ms) => this.#step(ms), options.statistics.clock);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  /** An unknown scope is all together. */
  feed({ sinceMs, scope }: FeedQuery): DashboardFeed {
    const { statistics, boot } = this.#options;
    const facts = this.#options.facts();
    const isOne = scope !== ALL && this.#histories.has(scope);
    const history = this.#histories.get(isOne ? scope : ALL) as ScopeHistory;
    const within = (of: { name: string; version: string }): boolean =>
      !isOne || modelId(of) === scope;
    const models = statistics.models().filter(within);
    const served = facts.models.filter((model) => within(model.facts));
    const sources = { models, served, statistics, load: this.#load };
    const { nowMs, startedMs } = this.#moments();
    return {
      boot,
      nowMs,
      startedMs,
      state: facts.state === "running" && !facts.ready ? "not ready" : stateOf(facts),
      scopes: this.#scopes(),
      values: {
        ...valuesOf(sources, history.now()),
        uptime: nowMs - startedMs,
        memory: process.memoryUsage.rss(),
        cpu: this.#cpuPart,
      },
      history: history.read(sinceMs),
      bars: barsOf(models),
      tables: tablesOf(sources, nowMs),
      events: this.#events.list(),
    };
  }

  #step(ms: number): void {
    const { statistics } = this.#options;
    const facts = this.#options.facts();
    const all = statistics.models();
    const atMs = this.#moments().nowMs;
    const step = (
      id: string,
      models: readonly ModelStatistics[],
      served: ServedVersion[],
    ): void => {
      let history = this.#histories.get(id);
      if (!history) this.#histories.set(id, (history = new ScopeHistory()));
      history.step(models, { atMs, ms, gauges: gaugesOf(models, served) });
    };
    step(ALL, all, [...facts.models]);
    for (const model of all) {
      const served = facts.models.filter(({ facts: of }) => modelId(of) === modelId(model));
      step(modelId(model), [model], served);
    }
    statistics.turn();
    this.#load.look(all, statistics.clock.now());
    this.#changes.look(facts);
    const used = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    this.#cpuPart = (used.user + used.system) / 1_000 / Math.max(1, ms);
  }

  /** The wall's time, but as even as the clock: a wall that jumps would tear the lines. */
  #moments(): { nowMs: number; startedMs: number } {
    const { clock, startedMs } = this.#options.statistics;
    const nowMs = Math.round(this.#startedMs + clock.now() - startedMs);
    return { nowMs, startedMs: this.#startedMs };
  }

  #scopes(): { id: string; label: string }[] {
    const models = this.#options.statistics.models().map(modelId);
    if (models.length < 2) return [{ id: ALL, label: models[0] ?? "all" }];
    return [{ id: ALL, label: "all models" }, ...models.map((id) => ({ id, label: id }))];
  }
}

function stateOf({ state, ready }: ServerFacts): string {
  return ready ? "ready" : state;
}

function gaugesOf(
  models: readonly ModelStatistics[],
  served: readonly ServedVersion[],
): ScopeGauges {
  const workers = served.flatMap((model) => model.workers);
  const isUp = workers.filter(({ state }) => state === "busy" || state === "idle");
  return {
    queue: served.reduce((sum, { queuedRows }) => sum + queuedRows, 0),
    open: models.reduce((sum, { open }) => sum + open, 0),
    workers: isUp.length,
    streams: served.some(({ facts }) => facts.streams),
    busy: isUp.filter(({ state }) => state === "busy").length,
  };
}
