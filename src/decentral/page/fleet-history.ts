import { History, type HistoryRows } from "../../telemetry/history.ts";
import { LogHistogram } from "../../telemetry/log-histogram.ts";
import { sumOfCounts, type GroupStatistics } from "../group-statistics.ts";
import type { FleetFacts } from "../status.ts";
import type { UnitState } from "../unit-record.ts";

/** Over so many steps "now" is a mean. */
const NOW_STEPS = 5;

/** The past of all units, or of those of one server. */
export class FleetHistory {
  readonly #history = new History({
    counts: ["done", "failures"],
    gauges: ["busy", "idle", "away", "ready", "dead"],
    spreads: ["took"],
  });
  readonly #steps: { done: number; ms: number }[] = [];
  #last = { done: 0, failures: 0 };

  /** The end of a step of `ms`, before the windows of the groups are turned. */
  step(
    { units, queue }: Pick<FleetFacts, "units" | "queue">,
    groups: readonly GroupStatistics[],
    { atMs, ms }: { atMs: number; ms: number },
  ): void {
    const done = sumOfCounts(groups, ["done"]);
    const failures = sumOfCounts(groups, ["retried", "dead", "failed"]);
    const counts = { done: done - this.#last.done, failures: failures - this.#last.failures };
    this.#last = { done, failures };
    this.#steps.push({ done: counts.done, ms });
    if (this.#steps.length > NOW_STEPS) this.#steps.shift();
    const inState = (...states: UnitState[]): number =>
      units.filter(({ record }) => states.includes(record.state)).length;
    const stats = queue?.stats;
    this.#history.push({
      atMs,
      ms,
      counts,
      gauges: {
        busy: inState("busy"),
        idle: inState("idle"),
        away: inState("waiting", "down", "starting"),
        ready: stats?.ready ?? Number.NaN,
        dead: stats?.dead ?? Number.NaN,
      },
      spreads: { took: sumOf(groups.map(({ tookMs }) => tookMs.fresh)) },
    });
  }

  read(sinceMs: number | undefined): HistoryRows {
    return this.#history.read(sinceMs);
  }

  /** Jobs a second: the mean of the last few steps. */
  get rate(): number {
    const done = this.#steps.reduce((sum, step) => sum + step.done, 0);
    const ms = this.#steps.reduce((sum, step) => sum + step.ms, 0);
    return ms === 0 ? 0 : (done * 1_000) / ms;
  }
}

/** All of them together. */
export function sumOf(spreads: readonly LogHistogram[]): LogHistogram {
  const sum = new LogHistogram();
  for (const spread of spreads) sum.add(spread);
  return sum;
}
