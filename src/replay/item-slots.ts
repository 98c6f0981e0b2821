import type { Draw } from "./draw.ts";
import { stateFault } from "./faults.ts";

/** The items of a table as plain values, each array one entry an item. */
export interface ItemSlotsState {
  slots: Int32Array;
  keys: Float64Array;
  rows: Int32Array;
  lengths: Int32Array;
  priorities: Float64Array;
  uses: Int32Array;
  versions: Float64Array;
  /** Slots to use again, the next one last. */
  free: Int32Array;
  /** Items that ever were. */
  count: number;
}

const NO_KEY = -1;

/** Numbers of an item: they fill a line of the processor's cache, so that an item drawn by chance costs one miss. */
const WIDTH = 8;
const KEY = 0;
const ROW = 1;
const LENGTH = 2;
const PRIORITY = 3;
const USES = 4;
const VERSION = 5;

/**
 * What is known of each item, in slots that are used again. An item's key is its slot and its number in one, so that
 * the key of an item that is gone fits no other.
 */
export class ItemSlots {
  readonly #capacity: number;
  readonly #facts: Float64Array;
  /** Keys are multiples of this, plus a slot: a power of two, so that nothing is rounded. */
  readonly #stride: number;
  readonly #free: Int32Array;
  #freeCount = 0;
  /** Slots that were ever used. */
  #used = 0;
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#facts = new Float64Array(WIDTH * capacity);
    this.#stride = 2 ** Math.ceil(Math.log2(capacity));
    this.#free = new Int32Array(capacity);
  }

  rowOf(slot: number): number {
    return this.#facts[WIDTH * slot + ROW] as number;
  }

  lengthOf(slot: number): number {
    return this.#facts[WIDTH * slot + LENGTH] as number;
  }

  usesOf(slot: number): number {
    return this.#facts[WIDTH * slot + USES] as number;
  }

  setPriority(slot: number, priority: number): void {
    this.#facts[WIDTH * slot + PRIORITY] = priority;
  }

  /** Slots for new items over these rows, with their keys, never used. There must be so many. */
  take(rows: Int32Array, lengths: Int32Array | undefined, version: number): Int32Array {
    const slots = new Int32Array(rows.length);
    const again = Math.min(slots.length, this.#freeCount);
    this.#freeCount -= again;
    for (let at = 0; at < again; at++) slots[at] = this.#free[this.#freeCount + at] as number;
    for (let at = again; at < slots.length; at++) slots[at] = this.#used++;
    const facts = this.#facts;
    let key = this.#count * this.#stride;
    this.#count += slots.length;
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      const fact = WIDTH * slot;
      facts[fact + KEY] = key + slot;
      key += this.#stride;
      facts[fact + ROW] = rows[at] as number;
      facts[fact + LENGTH] = lengths?.[at] ?? 1;
      facts[fact + USES] = 0;
      facts[fact + VERSION] = version;
    }
    return slots;
  }

  /** Counts one more use of each, and fills in what is known of them. */
  use(slots: Int32Array, draw: Draw): void {
    for (let at = 0; at < slots.length; at++) this.useOne(slots[at] as number, draw, at);
  }

  /** As `use()`, for one; says how often it was used, with this time. */
  useOne(slot: number, draw: Draw, at: number): number {
    const facts = this.#facts;
    const fact = WIDTH * slot;
    const uses = (facts[fact + USES] as number) + 1;
    facts[fact + USES] = uses;
    draw.uses[at] = uses;
    draw.keys[at] = facts[fact + KEY] as number;
    draw.heads[at] = facts[fact + ROW] as number;
    draw.lengths[at] = facts[fact + LENGTH] as number;
    draw.priorities[at] = facts[fact + PRIORITY] as number;
    draw.policyVersions[at] = facts[fact + VERSION] as number;
    return uses;
  }

  giveBack(slot: number): void {
    this.#facts[WIDTH * slot + KEY] = NO_KEY;
    this.#free[this.#freeCount++] = slot;
  }

  /** The slot of the item with this key; undefined when it is gone. */
  slotOf(key: number): number | undefined {
    const slot = key - Math.floor(key / this.#stride) * this.#stride;
    if (!(key >= 0 && slot < this.#used)) return undefined;
    return this.#facts[WIDTH * slot + KEY] === key ? slot : undefined;
  }

  stateDict(): ItemSlotsState {
    const count = this.#used - this.#freeCount;
    const state: ItemSlotsState = {
      slots: new Int32Array(count),
      keys: new Float64Array(count),
      rows: new Int32Array(count),
      lengths: new Int32Array(count),
      priorities: new Float64Array(count),
      uses: new Int32Array(count),
      versions: new Float64Array(count),
      free: this.#free.slice(0, this.#freeCount),
      count: this.#count,
    };
    const facts = this.#facts;
    for (let slot = 0, at = 0; slot < this.#used; slot++) {
      const fact = WIDTH * slot;
      if (facts[fact + KEY] === NO_KEY) continue;
      state.slots[at] = slot;
      state.keys[at] = facts[fact + KEY] as number;
      state.rows[at] = facts[fact + ROW] as number;
      state.lengths[at] = facts[fact + LENGTH] as number;
      state.priorities[at] = facts[fact + PRIORITY] as number;
      state.uses[at] = facts[fact + USES] as number;
      state.versions[at++] = facts[fact + VERSION] as number;
    }
    return state;
  }

  loadStateDict(state: ItemSlotsState): void {
    const { slots, free, count } = state;
    const used = slots.length + free.length;
    if (used > this.#capacity || slots.some((slot) => slot < 0 || slot >= used)) {
      throw stateFault("its items do not fit the table");
    }
    this.#used = used;
    this.#freeCount = free.length;
    this.#free.set(free);
    this.#count = count;
    for (const slot of free) this.#facts[WIDTH * slot + KEY] = NO_KEY;
    for (let at = 0; at < slots.length; at++) {
      const fact = WIDTH * (slots[at] as number);
      this.#facts[fact + KEY] = state.keys[at] as number;
      this.#facts[fact + ROW] = state.rows[at] as number;
      this.#facts[fact + LENGTH] = state.lengths[at] as number;
      this.#facts[fact + PRIORITY] = state.priorities[at] as number;
      this.#facts[fact + USES] = state.uses[at] as number;
      this.#facts[fact + VERSION] = state.versions[at] as number;
    }
  }
}
