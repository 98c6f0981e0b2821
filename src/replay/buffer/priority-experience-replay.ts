import { checkPriority } from "../inserting.ts";
import { inputFault } from "../faults.ts";
import { Random, type RandomState } from "../random.ts";
import { DEFAULT_ALPHA } from "../selector/make-selector.ts";
import { MinTree } from "../selector/min-tree.ts";
import { SumTree } from "../selector/sum-tree.ts";
import { weightOf } from "../selector/weight-of.ts";
import type { DequeBuffer } from "./deque-buffer.ts";
import type { BufferedItem, Layer } from "./layer.ts";

/** The ancestor's names and values. */
export interface PriorityOptions {
  /** Importance weights in `meta.priority_IS`. Default true. */
  isWeight?: boolean;
  /** Default 0.6. */
  priorityPowerFactor?: number;
  /** Default 0.4. */
  isWeightPowerFactor?: number;
  /** In so many samples the weights' factor rises to 1. Default 100,000. */
  isWeightAnnealTrainIter?: number;
  seed?: number;
}

interface State {
  random: RandomState;
  maxPriority: number;
  samples: number;
  slots: [string, number][];
  free: number[];
}

/**
 * Items are sampled in proportion to `priority ** factor`, a stratum each, and may come twice. Push and update with
 * `meta.priority` (default: the highest so far); sampled items bring `priority`, `priority_idx` and `priority_IS`.
 */
export function priorityExperienceReplay<T>(options: PriorityOptions = {}) {
  const { isWeight = true, isWeightPowerFactor = 0.4, seed = 0 } = options;
  const { priorityPowerFactor = DEFAULT_ALPHA, isWeightAnnealTrainIter = 100_000 } = options;
  return (buffer: DequeBuffer<T>): Layer<T> => {
    const random = new Random(seed);
    const slots = new Map<string, number>();
    const indices = Array.from<string | undefined>({ length: buffer.size + 1 });
    const free = Array.from({ length: buffer.size + 1 }, (_, slot) => slot);
    const sums = new SumTree(buffer.size + 1);
    const least = new MinTree(buffer.size + 1);
    let maxPriority = 1;
    let samples = 0;

    const weigh = ({ index, meta }: BufferedItem<T>): void => {
      const slot = slots.get(index);
      if (slot === undefined) return;
      const priority = priorityOf(meta["priority"]);
      maxPriority = Math.max(maxPriority, priority);
      const weight = weightOf(priority, priorityPowerFactor);
      sums.set(slot, weight);
      least.set(slot, weight > 0 ? weight : Infinity); // what is never drawn has no weight
    };
    const enter = (item: BufferedItem<T>, slot: number): void => {
      slots.set(item.index, slot);
      indices[slot] = item.index;
      weigh(item);
    };
    const forget = (index: string): void => {
      const slot = slots.get(index);
      if (slot === undefined) return;
      slots.delete(index);
      indices[slot] = undefined;
      sums.set(slot, 0);
      least.set(slot, Infinity);
      free.push(slot);
    };
    const choose = (at: number, count: number): string => {
      const { total } = sums;
      const slot = total === 0 ? -1 : sums.find(((at + random.next()) / count) * total);
      return indices[slot] ?? buffer.get(random.below(buffer.count))?.index ?? "";
    };
    return {
      push: (next, data, meta) => {
        const priority = meta["priority"] ?? maxPriority;
        priorityOf(priority);
        return next(data, { ...meta, priority });
      },
      sample(next, request) {
        if (typeof request.what !== "number" || request.groupby !== undefined || request.range) {
          throw inputFault("Cannot sample by priority and by indices, groups or a range at once");
        }
        const count = request.what;
        if (buffer.count === 0 || (!request.replace && buffer.count < count)) return next(request);
        const what = Array.from({ length: count }, (_, at) => choose(at, count));
        const beta =
          isWeightPowerFactor +
          (1 - isWeightPowerFactor) * Math.min(1, samples++ / isWeightAnnealTrainIter);
        const groups = next({ ...request, what });
        for (const { index, meta } of groups.flat()) {
          const slot = slots.get(index) ?? 0;
          meta["priority_idx"] = slot;
          // (N · p)^-beta over that of the least p: N and the total cancel out.
          if (isWeight)
            meta["priority_IS"] = sums.total === 0 ? 1 : (sums.get(slot) / least.least) ** -beta;
        }
        return groups;
      },
      update(next, index, change) {
        if (change.meta && "priority" in change.meta) priorityOf(change.meta["priority"]);
        if (!next(index, change)) return false;
        const item = buffer.getByIndex(index);
        if (item) weigh(item);
        return true;
      },
      added(item) {
        const slot = free.pop();
        if (item.meta["priority"] === undefined)
          item.meta = { ...item.meta, priority: maxPriority };
        if (slot !== undefined) enter(item, slot);
      },
      removed: ({ index }) => forget(index),
      stateDict: (): State => {
        return {
          random: random.stateDict(),
          maxPriority,
          samples,
          slots: [...slots],
          free: [...free],
        };
      },
      loadStateDict(state) {
        const saved = state as State;
        random.loadStateDict(saved.random);
        ({ maxPriority, samples } = saved);
        for (const { index } of buffer.items()) forget(index);
        free.splice(0, free.length, ...saved.free);
        for (const [index, slot] of saved.slots) {
          const item = buffer.getByIndex(index);
          if (item) enter(item, slot);
          else free.push(slot);
        }
      },
    };
  };
}

function priorityOf(priority: unknown): number {
  const number = typeof priority === "number" ? priority : NaN;
  checkPriority(number);
  return number;
}
