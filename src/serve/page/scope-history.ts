import { History, type HistoryRows } from "../../telemetry/history.ts";
import { LogHistogram } from "../../telemetry/log-histogram.ts";
import { failuresIn } from "./failure-reason.ts";
import type { ModelStatistics } from "./model-statistics.ts";

/** What is read beside the counts, at the end of a step. */
export interface ScopeGauges {
  /** Rows that wait for a worker. */
  queue: number;
  /** Requests that have not ended. */
  open: number;
  /** Workers that are up. */
  workers: number;
  /** Are requests answered piece by piece? What these take is no batch's time. */
  streams: boolean;
  /** Workers that are at work right now. */
  busy: number;
}

interface Totals {
  answered: number;
  failed: number;
  rows: number;
  batches: number;
  batchRows: number;
  batchMs: number;
}

/** Over so many steps "now" is a mean. */
const NOW_STEPS = 5;

/** The past of one model, or of all together. */
export class ScopeHistory {
  readonly #history = new History({
    counts: ["answered", "failed", "rows"],
    gauges: ["batch", "queue", "open", "busy"],
    spreads: ["latency", "queued", "compute"],
  });
  readonly #steps: (Totals & { ms: number; busy: number })[] = [];
  #last: Totals | undefined;

  /** The end of a step of `ms`, before the windows of the models are turned. */
  step(
    models: readonly ModelStatistics[],
    { atMs, ms, gauges }: { atMs: number; ms: number; gauges: ScopeGauges },
  ): void {
    const totals = totalsOf(models);
    const step = difference(totals, this.#last);
    this.#last = totals;
    const busy = busyPart(step.batchMs / ms, gauges);
    this.#steps.push({ ...step, ms, busy });
    if (this.#steps.length > NOW_STEPS) this.#steps.shift();
    const batch = step.batches === 0 ? Number.NaN : step.batchRows / step.batches;
    this.#history.push({
      atMs,
      ms,
      counts: { answered: step.answered, failed: step.failed, rows: step.rows },
      gauges: { queue: gauges.queue, open: gauges.open, busy, batch },
      spreads: {
        latency: sumOf(models.map((model) => model.latencyMs.fresh)),
        queued: sumOf(models.map((model) => model.queueMs.fresh)),
        compute: sumOf(models.map((model) => model.computeMs.fresh)),
      },
    });
  }

  read(sinceMs: number | undefined): HistoryRows {
    return this.#history.read(sinceMs);
  }

  /** The mean of the last few steps. */
  now(): { rate: number; failures: number; rows: number; batch: number | null; busy: number } {
    const steps = this.#steps;
    const sum = (of: (step: (typeof steps)[number]) => number): number =>
      steps.reduce((all, step) => all + of(step), 0);
    const seconds = Math.max(sum((step) => step.ms) / 1_000, 0.001);
    const batches = sum((step) => step.batches);
    return {
      rate: sum((step) => step.answered) / seconds,
      failures: sum((step) => step.failed) / seconds,
      rows: sum((step) => step.rows) / seconds,
      batch: batches === 0 ? null : sum((step) => step.batchRows) / batches,
      busy: steps.length === 0 ? 0 : sum((step) => step.busy) / steps.length,
    };
  }
}

/** What part of the workers was at work: as many as batches took time; where there are streams, as it looks right now. */
function busyPart(busyByTime: number, { workers, streams, busy }: ScopeGauges): number {
  if (workers === 0) return 0;
  return Math.min(1, Math.max(busyByTime, streams ? busy : 0) / workers);
}

/** All of them together; the only one as it is. */
export function sumOf(spreads: readonly LogHistogram[]): LogHistogram {
  const [first, ...others] = spreads;
  if (first && others.length === 0) return first;
  const sum = new LogHistogram();
  for (const spread of spreads) sum.add(spread);
  return sum;
}

function totalsOf(models: readonly ModelStatistics[]): Totals {
  const totals = { answered: 0, failed: 0, rows: 0, batches: 0, batchRows: 0, batchMs: 0 };
  for (const { counts } of models) {
    totals.answered += counts.success;
    totals.failed += failuresIn(counts.failed);
    totals.rows += counts.rows;
    totals.batches += counts.batches;
    totals.batchRows += counts.batchRows;
    totals.batchMs += counts.batchMs;
  }
  return totals;
}

/** Never below 0: a model that was forgotten took its counts along. */
function difference(now: Totals, last: Totals | undefined): Totals {
  const of = (key: keyof Totals): number => Math.max(0, now[key] - (last?.[key] ?? 0));
  return {
    answered: of("answered"),
    failed: of("failed"),
    rows: of("rows"),
    batches: of("batches"),
    batchRows: of("batchRows"),
    batchMs: of("batchMs"),
  };
}
