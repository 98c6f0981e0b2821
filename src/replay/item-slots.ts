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

/**
 * What is known of each item, in slots that are used again. An item's key is its slot and its number in one, so that
 * the key of an item that is gone fits no other.
 */
export class ItemSlots {
  readonly keys: Float64Array;
  /** The row of an item's first step, and how many steps it has. */
  readonly rows: Int32Array;
  readonly lengths: Int32Array;
  readonly priorities: Float64Array;
  readonly uses: Int32Array;
  /** The policy version that made an item. */
  readonly versions: Float64Array;
  /** Keys are multiples of this, plus a slot: a power of two, so that nothing is rounded. */
  readonly #stride: number;
  readonly #free: Int32Array;
  #freeCount = 0;
  /** Slots that were ever used. */
  #used = 0;
  #count = 0;

  constructor(capacity: number) {
    this.keys = new Float64Array(capacity).fill(NO_KEY);
    this.rows = new Int32Array(capacity);
    this.lengths = new Int32Array(capacity);
    this.priorities = new Float64Array(capacity);
    this.uses = new Int32Array(capacity);
    this.versions = new Float64Array(capacity);
    this.#stride = 2 ** Math.ceil(Math.log2(capacity));
    this.#free = new Int32Array(capacity);
  }

  /** Slots for new items over these rows, with their keys, never used. There must be so many. */
  take(rows: Int32Array, lengths: Int32Array | undefined, version: number): Int32Array {
    const slots = new Int32Array(rows.length);
    const again = Math.min(slots.length, this.#freeCount);
    this.#freeCount -= again;
    for (let at = 0; at < again; at++) slots[at] = this.#free[this.#freeCount + at] as number;
    for (let at = again; at < slots.length; at++) slots[at] = this.#used++;
    const stride = this.#stride;
    let key = this.#count * stride;
    this.#count += slots.length;
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      this.keys[slot] = key + slot;
      key += stride;
      this.rows[slot] = rows[at] as number;
      this.lengths[slot] = lengths?.[at] ?? 1;
      this.uses[slot] = 0;
      this.versions[slot] = version;
    }
    return slots;
  }

  /** Fills in the keys of the items in these slots. */
  name(slots: Int32Array, draw: Draw): void {
    for (let at = 0; at < slots.length; at++) {
      draw.keys[at] = this.keys[slots[at] as number] as number;
    }
  }

  /** Fills in what stays known of the items in these slots, even of those that have just left. */
  read(slots: Int32Array, draw: Draw): void {
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      draw.heads[at] = this.rows[slot] as number;
      draw.lengths[at] = this.lengths[slot] as number;
      draw.priorities[at] = this.priorities[slot] as number;
      draw.policyVersions[at] = this.versions[slot] as number;
    }
  }

  /** Counts one more use of each. */
  use(slots: Int32Array, draw: Draw): void {
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      draw.uses[at] = this.uses[slot] = (this.uses[slot] as number) + 1;
    }
  }

  giveBack(slot: number): void {
    this.keys[slot] = NO_KEY;
    this.#free[this.#freeCount++] = slot;
  }

  /** The slot of the item with this key; undefined when it is gone. */
  slotOf(key: number): number | undefined {
    const slot = key - Math.floor(key / this.#stride) * this.#stride;
    return key >= 0 && this.keys[slot] === key ? slot : undefined;
  }

  stateDict(): ItemSlotsState {
    const isFree = new Uint8Array(this.#used);
    const free = this.#free.slice(0, this.#freeCount);
    for (const slot of free) isFree[slot] = 1;
    const slots = new Int32Array(this.#used - free.length);
    for (let slot = 0, at = 0; slot < isFree.length; slot++) {
      if (isFree[slot] === 0) slots[at++] = slot;
    }
    return {
      slots,
      keys: pick(this.keys, slots, Float64Array),
      rows: pick(this.rows, slots, Int32Array),
      lengths: pick(this.lengths, slots, Int32Array),
      priorities: pick(this.priorities, slots, Float64Array),
      uses: pick(this.uses, slots, Int32Array),
      versions: pick(this.versions, slots, Float64Array),
      free,
      count: this.#count,
    };
  }

  loadStateDict(state: ItemSlotsState): void {
    const { slots, free, count } = state;
    const used = slots.length + free.length;
    if (used > this.keys.length || slots.some((slot) => slot < 0 || slot >= used)) {
      throw stateFault("its items do not fit the table");
    }
    this.keys.fill(NO_KEY);
    this.#used = used;
    this.#freeCount = free.length;
    this.#free.set(free);
    this.#count = count;
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      this.keys[slot] = state.keys[at] as number;
      this.rows[slot] = state.rows[at] as number;
      this.lengths[slot] = state.lengths[at] as number;
      this.priorities[slot] = state.priorities[at] as number;
      this.uses[slot] = state.uses[at] as number;
      this.versions[slot] = state.versions[at] as number;
    }
  }
}

function pick<T extends Int32Array | Float64Array>(
  from: T,
  slots: Int32Array,
  type: new (length: number) => T,
): T {
  if (slots.length > 0 && slots.at(-1) === slots.length - 1)
    return from.slice(0, slots.length) as T;
  const picked = new type(slots.length);
  for (let at = 0; at < slots.length; at++) picked[at] = from[slots[at] as number] as number;
  return picked;
}
