import type { ItemsPiece } from "./items-snapshot.ts";
import { Random } from "./random.ts";
import { makeSelector } from "./selector/make-selector.ts";
import type { SelectorKind, SelectorState } from "./selector/selector.ts";
import type { TableSettings } from "./table-options.ts";
import type { TableState } from "./table-state.ts";

/** The state of a table whose lists are not whole, with lists made anew of the items that are known; the others are lost. */
export function rebuilt(
  state: TableState,
  { slots, keys, priorities, versions }: ItemsPiece,
  { maxSize, alpha }: TableSettings,
): { state: TableState; lost: number } {
  // Keys grow with age, but for once in 2^53 / maxSize items.
  const byAge = [...slots.keys()].sort((one, other) => (keys[one] ?? 0) - (keys[other] ?? 0));
  const inOrder = Int32Array.from(byAge, (at) => slots[at] as number);
  const select = (kind: SelectorKind, values: Float64Array): SelectorState => {
    const context = { path: kind, capacity: maxSize, random: new Random(), alpha };
    const selector = makeSelector(kind, context);
    selector.insertAll(
      inOrder,
      Float64Array.from(byAge, (at) => values[at] as number),
    );
    return selector.stateDict();
  };
  const there = new Set(slots);
  const free = Int32Array.from(
    Array.from({ length: state.items.used }, (_, slot) => slot).filter((slot) => !there.has(slot)),
  );
  const { inserted, evicted, exhausted, expired, deleted, lost: before } = state.counts;
  const lost = inserted - evicted - exhausted - expired - deleted - before - slots.length;
  const whole = {
    ...state,
    counts: { ...state.counts, lost: before + lost },
    limiter: { ...state.limiter, deletes: state.limiter.deletes + lost },
    items: { ...state.items, free },
    sampler: select(state.sampler.kind, priorities),
    remover: select(state.remover.kind, priorities),
    byVersion: state.byVersion && select(state.byVersion.kind, versions),
  };
  return { state: whole, lost };
}
