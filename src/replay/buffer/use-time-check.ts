import { checkCount } from "../faults.ts";
import type { DequeBuffer } from "./deque-buffer.ts";
import type { BufferedItem, Layer } from "./layer.ts";

/**
 * Counts in `meta.use_count` how often an item was sampled; with `maxUse` it is given so often and then goes (within
 * one sample with `replace` it may come more often).
 */
export function useTimeCheck<T>({ maxUse = Infinity }: { maxUse?: number } = {}) {
  checkCount("maxUse", maxUse, { orInfinity: true });
  return (buffer: DequeBuffer<T>): Layer<T> => ({
    push: (next, data, meta) => next(data, { ...meta, use_count: 0 }),
    sample(next, request) {
      const groups = next(request);
      for (const item of groups.flat()) {
        const stored = buffer.getByIndex(item.index);
        if (!stored) continue; // another layer has just let it go
        count(stored, item);
        if (useCountOf(stored) >= maxUse && !isNeeded(groups.flat(), item)) {
          buffer.delete([item.index]);
        }
      }
      return groups;
    },
  });
}

function useCountOf({ meta }: BufferedItem): number {
  return Number(meta["use_count"] ?? 0);
}

function count(stored: BufferedItem, sampled: BufferedItem): void {
  const uses = useCountOf(stored) + 1;
  stored.meta = { ...stored.meta, use_count: uses };
  sampled.meta["use_count"] = uses;
}

function isNeeded(items: BufferedItem[], item: BufferedItem): boolean {
  return items.lastIndexOf(item) < items.findLastIndex(({ index }) => index === item.index);
}
