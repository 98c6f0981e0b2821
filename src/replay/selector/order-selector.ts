import { NO_VALUES, type Selector, type SelectorState } from "./selector.ts";

const NONE = -1;

/** The oldest ("fifo") or the newest ("lifo") slot: a list linked both ways; every call takes O(1). */
export class OrderSelector implements Selector {
  readonly kind: "fifo" | "lifo";
  readonly #older: Int32Array;
  readonly #newer: Int32Array;
  #oldest = NONE;
  #newest = NONE;
  #size = 0;

  constructor(kind: "fifo" | "lifo", capacity: number) {
    this.kind = kind;
    this.#older = new Int32Array(capacity);
    this.#newer = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  insert(slot: number): void {
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
    this.#size++;
  }

  insertAll(slots: Int32Array): void {
    for (let at = 0; at < slots.length; at++) this.insert(slots[at] as number);
  }

  replaceAll(slots: Int32Array): void {
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at] as number;
      this.delete(slot);
      this.insert(slot);
    }
  }

  update(): void {} // age does not change

  delete(slot: number): void {
    const older = this.#older[slot] as number;
    const newer = this.#newer[slot] as number;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    this.#size--;
  }

  sample(): number {
    return this.kind === "fifo" ? this.#oldest : this.#newest;
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
    const slots = new Int32Array(this.#size);
    let slot = this.#oldest;
    for (let at = 0; at < slots.length; at++) {
      slots[at] = slot;
      slot = this.#newer[slot] as number;
    }
    return { kind: this.kind, slots, values: NO_VALUES, ages: NO_VALUES };
  }

  loadStateDict({ slots }: SelectorState): void {
    this.#oldest = NONE;
    this.#newest = NONE;
    this.#size = 0;
    for (const slot of slots) this.insert(slot);
  }
}
