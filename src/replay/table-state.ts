import type { ItemSlotsState } from "./item-slots.ts";
import type { ItemsPiece } from "./items-snapshot.ts";
import type { RateLimiterState } from "./limiter/rate-limiter.ts";
import type { RandomState } from "./random.ts";
import type { SelectorState } from "./selector/selector.ts";

/** What became of items. `inserted` is the size and all ways to leave together. */
export interface TableCounts {
  inserted: number;
  /** Draws, of any item. */
  sampled: number;
  /** Made room for another. */
  evicted: number;
  /** Sampled `maxUse` times. */
  exhausted: number;
  /** Beyond `maxStaleness`. */
  expired: number;
  /** By `delete()`. */
  deleted: number;
  /** Its data was gone or broken. */
  lost: number;
  /** Never inserted: the limiter in mode "drop", or too old. */
  dropped: number;
}

/** Counts of a table in which nothing has been yet. */
export function noCounts(): TableCounts {
  return {
    inserted: 0,
    sampled: 0,
    evicted: 0,
    exhausted: 0,
    expired: 0,
    deleted: 0,
    lost: 0,
    dropped: 0,
  };
}

/** A table as plain values, without what is known of its items: those follow in pieces. */
export interface TableState {
  name: string;
  maxSize: number;
  items: ItemSlotsState;
  sampler: SelectorState;
  remover: SelectorState;
  /** By policy version; only with `maxStaleness`. */
  byVersion: SelectorState | null;
  limiter: RateLimiterState;
  random: RandomState;
  counts: TableCounts;
  draws: number;
  maxPriority: number;
  policyVersion: number;
}

/** A table at one moment; its items are read bit by bit. */
export interface TableSnapshot extends Disposable {
  state: TableState;
  items: Iterable<ItemsPiece>;
}
