import { WindowedHistogram } from "../telemetry/windowed-histogram.ts";
import { OUTCOMES, type Outcome } from "./unit-record.ts";

/** What became of the jobs of a group of units since the start of the fleet; units come and go, these stay. */
export class GroupStatistics {
  readonly group: string;
  readonly counts: Record<Outcome, number>;
  /** How long jobs took, in milliseconds, in the last minute. */
  readonly tookMs = new WindowedHistogram();
  #sumMs = 0;
  #took = 0;
  #restarts = 0;

  constructor(group: string) {
    this.group = group;
    const none = OUTCOMES.map((outcome) => [outcome, 0] as const);
    this.counts = Object.fromEntries(none) as Record<Outcome, number>;
  }

  /** How long all jobs took together, in milliseconds. */
  get sumMs(): number {
    return this.#sumMs;
  }

  /** How many jobs took so long. */
  get took(): number {
    return this.#took;
  }

  /** How often a worker process died under one of its units. */
  get restarts(): number {
    return this.#restarts;
  }

  count(outcome: Outcome, times: number = 1): void {
    this.counts[outcome] += times;
  }

  record(ms: number): void {
    this.tookMs.record(ms);
    this.#sumMs += ms;
    this.#took += 1;
  }

  restarted(): void {
    this.#restarts += 1;
  }
}

/** How many jobs of these groups came out so. */
export function sumOfCounts(
  groups: Iterable<Pick<GroupStatistics, "counts">>,
  outcomes: readonly Outcome[],
): number {
  let sum = 0;
  for (const { counts } of groups) for (const outcome of outcomes) sum += counts[outcome];
  return sum;
}

/** The statistics of every group that there was. */
export class Groups {
  readonly #groups = new Map<string, GroupStatistics>();

  get all(): readonly GroupStatistics[] {
    return [...this.#groups.values()];
  }

  /** Those of a group; begun, if it is new. */
  of(group: string): GroupStatistics {
    let statistics = this.#groups.get(group);
    if (!statistics) this.#groups.set(group, (statistics = new GroupStatistics(group)));
    return statistics;
  }
}
