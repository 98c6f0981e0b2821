/** What a selector can be. */
export type SelectorKind = (typeof SELECTOR_KINDS)[number];

export const SELECTOR_KINDS = [
  "fifo",
  "lifo",
  "uniform",
  "prioritized",
  "max-heap",
  "min-heap",
] as const;

/** A selector as plain values: what `loadStateDict()` of the same kind and capacity takes. */
export interface SelectorState {
  kind: SelectorKind;
  /** The slots in it, in the order that the kind keeps them in. */
  slots: Int32Array;
  /** Their weights or priorities, in the same order; empty where the kind has none. */
  values: Float64Array;
  /** Their ages, in the same order, for heaps; empty elsewhere. */
  ages: Float64Array;
}

/**
 * Chooses among slots, the numbers from 0 to the capacity. Nothing is checked: a slot is inserted once before it is
 * updated or deleted, and `sample()` is not called while it is empty. Each call takes O(log n) or less.
 */
export interface Selector {
  readonly kind: SelectorKind;
  readonly size: number;
  insert: (slot: number, priority: number) => void;
  /** Inserts one slot after the other, each with the priority beside it. */
  insertAll: (slots: Int32Array, priorities: Float64Array) => void;
  /** These slots, which are in, hold other items from now on: as deleting and inserting them, for less. */
  replaceAll: (slots: Int32Array, priorities: Float64Array) => void;
  update: (slot: number, priority: number) => void;
  delete: (slot: number) => void;
  /** A slot, which stays in it. With `strata`, a draw falls into this `stratum` of the total, where the kind has one. */
  sample: (stratum?: number, strata?: number) => number;
  /** As many as `slots` has room for, a stratum each. */
  sampleAll: (slots: Int32Array) => void;
  /** With which chance `sample()` gives this slot now. */
  probability: (slot: number) => number;
  /** The same of many. */
  probabilitiesOf: (slots: Int32Array, out: Float64Array) => void;
  stateDict: () => SelectorState;
  loadStateDict: (state: SelectorState) => void;
}

export const NO_VALUES = new Float64Array();
