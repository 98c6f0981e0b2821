import { optionFault } from "../faults.ts";
import type { Random } from "../random.ts";
import { HeapSelector } from "./heap-selector.ts";
import { OrderSelector } from "./order-selector.ts";
import { PrioritizedSelector } from "./prioritized-selector.ts";
import type { Selector, SelectorKind } from "./selector.ts";
import { UniformSelector } from "./uniform-selector.ts";

/** How much priorities count: 0 not at all, 1 in proportion. The ancestor's value. */
export const DEFAULT_ALPHA = 0.6;

/** What a selector has to know. */
export interface SelectorContext {
  /** What `path` says where this was set, for errors. */
  path: string;
  capacity: number;
  random: Random;
  /** Of prioritized ones; default 0.6. */
  alpha?: number | undefined;
}

/** Makes an empty selector; `usage.invalid-option` for a kind that there is not, or an alpha below 0. */
export function makeSelector(kind: SelectorKind, context: SelectorContext): Selector {
  const { path, capacity, random, alpha = DEFAULT_ALPHA } = context;
  switch (kind) {
    case "fifo":
    case "lifo":
      return new OrderSelector(kind, capacity);
    case "uniform":
      return new UniformSelector(capacity, random);
    case "prioritized":
      if (!(alpha >= 0 && alpha < Infinity)) {
        throw optionFault(`${path}.alpha`, `${alpha} is not a number from 0 on`);
      }
      return new PrioritizedSelector(capacity, random, alpha);
    case "max-heap":
    case "min-heap":
      return new HeapSelector(kind, capacity);
    default:
      throw optionFault(
        path,
        `there is no "${String(kind satisfies never)}"`,
        "Take fifo, lifo, uniform, prioritized, max-heap or min-heap.",
      );
  }
}
