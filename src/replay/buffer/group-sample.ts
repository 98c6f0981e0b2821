import { checkCount } from "../faults.ts";
import type { Random } from "../random.ts";
import type { DequeBuffer } from "./deque-buffer.ts";
import type { Layer } from "./layer.ts";

/** How many items of each group come, and how often a group may. */
export interface GroupSampleOptions {
  /** Items of a group at most. Default all. */
  sizeInGroup?: number;
  /** One after the other, from a place by chance; else any of them. Default true. */
  orderedInGroup?: boolean;
  /** After so many samples of an item its whole group goes. Default Infinity. */
  maxUseInGroup?: number;
  random: Random;
}

/** Takes some items of each group that is sampled with `groupby`. */
export function groupSample<T>(options: GroupSampleOptions) {
  const {
    sizeInGroup = Infinity,
    orderedInGroup = true,
    maxUseInGroup = Infinity,
    random,
  } = options;
  checkCount("sizeInGroup", sizeInGroup, { orInfinity: true });
  checkCount("maxUseInGroup", maxUseInGroup, { orInfinity: true });
  return (buffer: DequeBuffer<T>): Layer<T> => {
    const uses = new Map<string, number>();
    return {
      sample(next, request) {
        return next(request).map((group) => {
          const taken = orderedInGroup
            ? windowOf(group, sizeInGroup, random)
            : shuffled(group, random).slice(0, sizeInGroup);
          for (const { index } of taken) uses.set(index, (uses.get(index) ?? 0) + 1);
          const isSpent = taken.some(({ index }) => (uses.get(index) ?? 0) >= maxUseInGroup);
          if (isSpent) buffer.delete(group.map(({ index }) => index));
          return taken;
        });
      },
      removed: ({ index }) => void uses.delete(index),
      stateDict: () => [...uses],
      loadStateDict(state) {
        uses.clear();
        for (const [index, count] of state as [string, number][]) uses.set(index, count);
      },
    };
  };
}

function windowOf<I>(group: readonly I[], size: number, random: Random): I[] {
  if (group.length <= size) return [...group];
  const start = random.below(group.length - size + 1);
  return group.slice(start, start + size);
}

function shuffled<I>(group: readonly I[], random: Random): I[] {
  const rest = [...group];
  return group.flatMap(() => rest.splice(random.below(rest.length), 1));
}
