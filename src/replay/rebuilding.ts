import type { ItemsPiece } from "./items-snapshot.ts";
import { Random } from "./random.ts";
import { makeSelector } from "./selector/make-selector.ts";
import type { SelectorKind, SelectorState } from "./selector/selector.ts";
import type { TableSettings } from "./table-options.ts";
import type { TableState } from "./table-state.ts";

/** Of the items those that can be: once each, in a slot that was used, of rows that there are. */
export function soundItems(items: ItemsPiece, used: number, storedRows: number): ItemsPiece {
  const { slots, rows, lengths } = items;
  const isTaken = new Uint8Array(used);
  const sound = slots.map((slot, at) => {
    const [row = -1, length = 0] = [rows[at], lengths[at]];
    const isSound = row >= 0 && row < storedRows && length >= 1 && length <= storedRows;
    if (!isSound || isTaken[slot] !== 0) return 0;
    return (isTaken[slot] = 1);
  });
  if (sound.every((one) => one === 1)) return items;
  const isKept = (_: number, at: number): boolean => sound[at] === 1;
  return {
    slots: slots.filter(isKept),
    keys: items.keys.filter(isKept),
    rows: rows.filter(isKept),
    lengths: lengths.filter(isKept),
    priorities: items.priorities.filter(isKept),
    uses: items.uses.filter(isKept),
    versions: items.versions.filter(isKept),
  };
}

/** Do the lists of a table tell of these items, each once, and of no others? */
export function hasItems(state: TableState, { slots }: ItemsPiece): boolean {
  const seen = new Uint8Array(state.items.used);
  const lists = [state.sampler.slots, state.remover.slots];
  if (state.byVersion) lists.push(state.byVersion.slots);
  const pass = (list: Int32Array, from: number): boolean =>
    list.every((slot) => seen[slot] === from && (seen[slot] = from + 1));
  if (!pass(slots, 0)) return false;
  const isListed = lists.every((list, at) => list.length === slots.length && pass(list, at + 1));
  const { free } = state.items;
  return isListed && free.length === seen.length - slots.length && pass(free, 0);
}

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
