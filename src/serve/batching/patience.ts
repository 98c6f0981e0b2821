import type { BatchCost } from "./batch-cost.ts";
import { MOMENTS, type Returns } from "./returns.ts";

/** How much more must be promised where callers come when they like than where they ask again at once. */
const CAUTION = 4;

/** The next one is waited for where that would pay if it took so many times as long as the gaps before it, */
const SURE = 3;
/** and then for no longer than so many gaps. */
const LATE = 8;

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
 * so nothing is gained unless more are expected than the others can take. Then it waits as long as the
 * throughput (items per time, the wait included) goes up. Who comes back right after others waits for his like, too:
 * all may be later than they use to be, and one behind the other all the same.
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
  return Math.max(patience, nextOneMs(situation, cost, returns));
}

/** How long to wait for one more alone, while they come one behind the other; 0 or less is not at all. */
function nextOneMs(
  { now, queuedRows, limitMs }: Situation,
  cost: BatchCost,
  returns: Returns,
): number {
  const { gapMs, lastMs } = returns.succession;
  const worthMs = ((queuedRows + 1) * cost.of(queuedRows)) / queuedRows - cost.of(queuedRows + 1);
  if (SURE * gapMs > worthMs) return 0;
  return Math.min(lastMs + Math.min(worthMs, LATE * gapMs) - now, limitMs);
}
