import type { BatchCost } from "./batch-cost.ts";
import { MOMENTS, type Returns } from "./returns.ts";

/** How much more must be promised where callers come when they like than where they ask again at once. */
const CAUTION = 4;

/** What is known when a batch might go. */
export interface Situation {
  readonly now: number;
  /** Items that wait; fewer than a full batch. */
  readonly queuedRows: number;
  readonly maxBatchRows: number;
  /** Workers that are free; at least one. */
  readonly free: number;
  /** The longest that it may wait. */
  readonly limitMs: number;
}

/**
 * How long to wait for more items; 0 is not at all. Those who come later can have another free worker,
 * so nothing is gained unless more are expected than the others can take. Then it waits as long as
 * items per time, the wait included, go up.
 */
export function patienceMs(situation: Situation, cost: BatchCost, returns: Returns): number {
  const { now, queuedRows, maxBatchRows, free, limitMs } = situation;
  const most = Math.min(queuedRows + returns.awayRows, maxBatchRows);
  // All who are expected fit into the workers that are free besides.
  if (returns.awayRows <= (free - 1) * maxBatchRows) return 0;
  if (limitMs <= 0 || !cost.isKnown || most <= queuedRows) return 0;
  let best = queuedRows / cost.of(queuedRows) / returns.trust ** CAUTION;
  let patience = 0;
  for (let index = 0; index < MOMENTS; index++) {
    const ms = returns.moment(index, now);
    if (ms <= 0) continue;
    // From here on not even all of them together would be worth it.
    if (ms > limitMs || most / (ms + cost.of(most)) <= best) break;
    const coming = returns.rowsWithin(ms, now);
    if (coming <= 0) continue;
    const rows = Math.min(queuedRows + coming, maxBatchRows);
    const rate = rows / (ms + cost.of(rows));
    if (rate <= best) continue;
    best = rate;
    patience = ms;
  }
  return patience;
}
