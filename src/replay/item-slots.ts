import type { Draw } from "./draw.ts";
import { stateFault } from "./faults.ts";
import { type ItemsPiece, ItemsSnapshot, makePiece } from "./items-snapshot.ts";

/** The slots of a table as plain values; what is known of the items in them goes in pieces. */
export interface ItemSlotsState {
  /** Slots that were ever used. */
  used: number;
  /** Slots to use again, the next one last. */
  free: Int32Array;
  /** The number of the next item: as many as there ever were, up to where numbers begin again. */
  count: number;
}

/** New items, each list one entry an item. */
export interface NewItems {
  rows: Int32Array;
  /** Without it, 1 each. */
  lengths: Int32Array | undefined;
  priorities: Float64Array;
  version: number;
}

const NO_KEY = -1;

/** Numbers of an item, in 32 bytes of one line of the processor's cache: one drawn by chance costs one miss. */
const WIDTH = 4;
const KEY = 0;
const PRIORITY = 1;
const VERSION = 2;
/** The same memory as whole numbers of 32 bits; the last two of an item's are these. */
const WHOLE_WIDTH = 8;
const ROW = 6;
const USES = 7;

/**
 * What is known of each item, in slots that are used again. An item's key is its slot and its number in one, so that
 * the key of an item that is gone fits no other.
 */
export class ItemSlots {
  readonly #capacity: number;
  readonly #facts: Float64Array;
  readonly #wholes: Int32Array;
  /** Steps of each item; as long as all have one, there is no list. */
  #lengths: Int32Array | undefined;
  /** Keys are multiples of this, plus a slot: a power of two, so that nothing is rounded. */
  readonly #stride: number;
  /** Numbers of items begin again here, where keys could not be told apart any more: odd, so that they meet other slots then. */
  readonly #numbers: number;
  readonly #free: Int32Array;
  #freeCount = 0;
  /** Slots that were ever used. */
  #used = 0;
  #count = 0;
  readonly #snapshots = new Set<ItemsSnapshot>();

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#facts = new Float64Array(WIDTH * capacity);
    this.#wholes = new Int32Array(this.#facts.buffer);
    this.#stride = 2 ** Math.ceil(Math.log2(capacity));
    this.#numbers = 2 ** 53 / this.#stride - 1;
    this.#free = new Int32Array(capacity);
  }

  /** Slots that were ever used. */
  get used(): number {
    return this.#used;
  }

  rowOf(slot: number): number {
    return this.#wholes[WHOLE_WIDTH * slot + ROW] as number;
  }

  lengthOf(slot: number): number {
    return this.#lengths === undefined ? 1 : (this.#lengths[slot] as number);
  }

  usesOf(slot: number): number {
    return this.#wholes[WHOLE_WIDTH * slot + USES] as number;
  }

  setPriority(slot: number, priority: number): void {
    if (this.#snapshots.size > 0) this.#announce(slot);
    this.#facts[WIDTH * slot + PRIORITY] = priority;
  }

  /** Slots that hold nothing. There must be so many. */
  take(count: number): Int32Array {
    const slots = new Int32Array(count);
    const again = Math.min(count, this.#freeCount);
    this.#freeCount -= again;
    for (let at = 0; at < again; at++) slots[at] = this.#free[this.#freeCount + at] as number;
    for (let at = again; at < count; at++) slots[at] = this.#used++;
    return slots;
  }

  /** Puts new items, never used, into these slots, with keys of their own. */
  fill(slots: Int32Array, { rows, lengths, priorities, version }: NewItems): void {
    if (this.#snapshots.size > 0) slots.forEach((slot) => this.#announce(slot));
    const facts = this.#facts;
    const wholes = this.#wholes;
    const stride = this.#stride;
    const end = this.#numbers * stride;
    let key = this.#count * stride;
    this.#count = (this.#count + slots.length) % this.#numbers;
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      const fact = WIDTH * slot;
      facts[fact + KEY] = key + slot;
      key += stride;
      if (key === end) key = 0;
      facts[fact + PRIORITY] = priorities[at] as number;
      facts[fact + VERSION] = version;
      const whole = WHOLE_WIDTH * slot;
      wholes[whole + ROW] = rows[at] as number;
      wholes[whole + USES] = 0;
    }
    if (lengths === undefined && this.#lengths === undefined) return;
    const all = this.#needLengths();
    for (let at = 0; at < slots.length; at++) {
      all[slots[at] as number] = lengths === undefined ? 1 : (lengths[at] as number);
    }
  }

  /** Counts one more use of each, and fills in what is known of them. */
  use(draw: Draw): void {
    const { slots } = draw;
    if (this.#snapshots.size > 0) slots.forEach((slot) => this.#announce(slot));
    const facts = this.#facts;
    const wholes = this.#wholes;
    const { uses, keys, heads, priorities, policyVersions } = draw;
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      const fact = WIDTH * slot;
      const whole = WHOLE_WIDTH * slot;
      const used = (wholes[whole + USES] as number) + 1;
      wholes[whole + USES] = used;
      uses[at] = used;
      keys[at] = facts[fact + KEY] as number;
      heads[at] = wholes[whole + ROW] as number;
      priorities[at] = facts[fact + PRIORITY] as number;
      policyVersions[at] = facts[fact + VERSION] as number;
    }
    draw.unroll = 1;
    if (this.#lengths === undefined) draw.lengths.fill(1);
    else for (let at = 0; at < slots.length; at++) this.#measure(slots[at] ?? 0, draw, at);
  }

  /** As `use()`, for one; says how often it was used, with this time. */
  useOne(slot: number, draw: Draw, at: number): number {
    if (this.#snapshots.size > 0) this.#announce(slot);
    const fact = WIDTH * slot;
    const uses = this.usesOf(slot) + 1;
    this.#wholes[WHOLE_WIDTH * slot + USES] = uses;
    draw.uses[at] = uses;
    draw.keys[at] = this.#facts[fact + KEY] as number;
    draw.heads[at] = this.rowOf(slot);
    if (at === 0) draw.unroll = 1;
    this.#measure(slot, draw, at);
    draw.priorities[at] = this.#facts[fact + PRIORITY] as number;
    draw.policyVersions[at] = this.#facts[fact + VERSION] as number;
    return uses;
  }

  /** The item in this slot is gone. */
  clear(slot: number): void {
    if (this.#snapshots.size > 0) this.#announce(slot);
    this.#facts[WIDTH * slot + KEY] = NO_KEY;
  }

  giveBack(slot: number): void {
    this.clear(slot);
    this.#free[this.#freeCount++] = slot;
  }

  /** The slot of the item with this key; undefined when it is gone. */
  slotOf(key: number): number | undefined {
    const slot = key - Math.floor(key / this.#stride) * this.#stride;
    if (!(key >= 0 && slot < this.#used)) return undefined;
    return this.#facts[WIDTH * slot + KEY] === key ? slot : undefined;
  }

  stateDict(): ItemSlotsState {
    return { used: this.#used, free: this.#free.slice(0, this.#freeCount), count: this.#count };
  }

  /** What is known of the items now, to be read bit by bit while they change. Dispose of it. */
  snapshot(): ItemsSnapshot {
    const source = {
      used: this.#used,
      copy: (from: number, to: number): ItemsPiece => this.copy(from, to),
    };
    const snapshot = new ItemsSnapshot(source, () => this.#snapshots.delete(snapshot));
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  /** What is known of the items in the slots from `from` up to but without `to`. */
  copy(from: number, to: number): ItemsPiece {
    const facts = this.#facts;
    let count = 0;
    for (let slot = from; slot < to; slot++) if (facts[WIDTH * slot + KEY] !== NO_KEY) count++;
    const piece = makePiece(count);
    for (let slot = from, at = 0; slot < to; slot++) {
      const fact = WIDTH * slot;
      if (facts[fact + KEY] === NO_KEY) continue;
      piece.slots[at] = slot;
      piece.keys[at] = facts[fact + KEY] as number;
      piece.rows[at] = this.rowOf(slot);
      piece.lengths[at] = this.lengthOf(slot);
      piece.priorities[at] = facts[fact + PRIORITY] as number;
      piece.uses[at] = this.usesOf(slot);
      piece.versions[at++] = facts[fact + VERSION] as number;
    }
    return piece;
  }

  /** Takes another's slots; a slot of which no item is known holds none. */
  loadStateDict({ used, free, count }: ItemSlotsState, items: ItemsPiece): void {
    const { slots } = items;
    if (used > this.#capacity || slots.some((slot) => slot < 0 || slot >= used)) {
      throw stateFault("its items do not fit the table");
    }
    this.#used = used;
    this.#freeCount = free.length;
    this.#free.set(free);
    this.#count = count;
    for (let slot = 0; slot < used; slot++) this.#facts[WIDTH * slot + KEY] = NO_KEY;
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      const fact = WIDTH * slot;
      this.#facts[fact + KEY] = items.keys[at] as number;
      this.#facts[fact + PRIORITY] = items.priorities[at] as number;
      this.#facts[fact + VERSION] = items.versions[at] as number;
      this.#wholes[WHOLE_WIDTH * slot + ROW] = items.rows[at] as number;
      this.#wholes[WHOLE_WIDTH * slot + USES] = items.uses[at] as number;
      const length = items.lengths[at] as number;
      if (length !== 1 || this.#lengths) this.#needLengths()[slot] = length;
    }
  }

  #measure(slot: number, draw: Draw, at: number): void {
    const length = this.lengthOf(slot);
    draw.lengths[at] = length;
    if (length > draw.unroll) draw.unroll = length;
  }

  #announce(slot: number): void {
    for (const snapshot of this.#snapshots) snapshot.keep(slot);
  }

  #needLengths(): Int32Array {
    this.#lengths ??= new Int32Array(this.#capacity).fill(1);
    return this.#lengths;
  }
}
