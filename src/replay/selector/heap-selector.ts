import type { Selector, SelectorState } from "./selector.ts";

/** The slot of the highest ("max-heap") or lowest ("min-heap") priority, the oldest among equals; in O(log n). */
export class HeapSelector implements Selector {
  readonly kind: "max-heap" | "min-heap";
  readonly #heap: Int32Array;
  readonly #positions: Int32Array;
  /** So turned that the least is on top. */
  readonly #ranks: Float64Array;
  readonly #ages: Float64Array;
  #size = 0;
  #age = 0;

  constructor(kind: "max-heap" | "min-heap", capacity: number) {
    this.kind = kind;
    this.#heap = new Int32Array(capacity);
    this.#positions = new Int32Array(capacity);
    this.#ranks = new Float64Array(capacity);
    this.#ages = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The priority of the slot that `sample()` gives; undefined when it is empty. */
  get top(): number | undefined {
    return this.#size === 0 ? undefined : this.#turned(this.#ranks[this.sample()] as number);
  }

  insert(slot: number, priority: number): void {
    this.#ranks[slot] = this.#turned(priority);
    this.#ages[slot] = this.#age++;
    this.#rise(slot, this.#size++);
  }

  insertAll(slots: Int32Array, priorities: Float64Array): void {
    for (let at = 0; at < slots.length; at++) {
      this.insert(slots[at] as number, priorities[at] as number);
    }
  }

  replaceAll(slots: Int32Array, priorities: Float64Array): void {
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      this.#ages[slot] = this.#age++;
      this.update(slot, priorities[at] as number);
    }
  }

  update(slot: number, priority: number): void {
    this.#ranks[slot] = this.#turned(priority);
    this.#settle(slot, this.#positions[slot] as number);
  }

  delete(slot: number): void {
    const position = this.#positions[slot] as number;
    const last = this.#heap[--this.#size] as number;
    if (last !== slot) this.#settle(last, position);
  }

  sample(): number {
    return this.#heap[0] as number;
  }

  sampleAll(slots: Int32Array): void {
    slots.fill(this.sample());
  }

  probability(slot: number): number {
    return slot === this.sample() ? 1 : 0;
  }

  probabilitiesOf(slots: Int32Array, out: Float64Array): void {
    for (let at = 0; at < slots.length; at++) out[at] = this.probability(slots[at] as number);
  }

  stateDict(): SelectorState {
    const slots = this.#heap.slice(0, this.#size);
    const values = new Float64Array(this.#size);
    const ages = new Float64Array(this.#size + 1);
    for (let at = 0; at < slots.length; at++) {
      values[at] = this.#turned(this.#ranks[slots[at] as number] as number);
      ages[at] = this.#ages[slots[at] as number] as number;
    }
    ages[this.#size] = this.#age;
    return { kind: this.kind, slots, values, ages };
  }

  loadStateDict({ slots, values, ages }: SelectorState): void {
    this.#size = slots.length;
    this.#age = ages[slots.length] ?? 0;
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      this.#heap[at] = slot;
      this.#positions[slot] = at;
      this.#ranks[slot] = this.#turned(values[at] as number);
      this.#ages[slot] = ages[at] as number;
    }
  }

  #turned(priority: number): number {
    return this.kind === "max-heap" ? -priority : priority;
  }

  #isBefore(one: number, other: number): boolean {
    const rank = this.#ranks[one] as number;
    const otherRank = this.#ranks[other] as number;
    if (rank !== otherRank) return rank < otherRank;
    return (this.#ages[one] as number) < (this.#ages[other] as number);
  }

  #settle(slot: number, position: number): void {
    if (this.#rise(slot, position) === position) this.#sink(slot, position);
  }

  /** Puts `slot` at `position` or above; says where. */
  #rise(slot: number, position: number): number {
    const heap = this.#heap;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = heap[above] as number;
      if (!this.#isBefore(slot, parent)) break;
      heap[position] = parent;
      this.#positions[parent] = position;
      position = above;
    }
    heap[position] = slot;
    this.#positions[slot] = position;
    return position;
  }

  #sink(slot: number, position: number): void {
    const heap = this.#heap;
    for (let below = 2 * position + 1; below < this.#size; below = 2 * position + 1) {
      let child = heap[below] as number;
      const sibling = heap[below + 1] as number;
      if (below + 1 < this.#size && this.#isBefore(sibling, child)) {
        child = sibling;
        below++;
      }
      if (!this.#isBefore(child, slot)) break;
      heap[position] = child;
      this.#positions[child] = position;
      position = below;
    }
    heap[position] = slot;
    this.#positions[slot] = position;
  }
}
