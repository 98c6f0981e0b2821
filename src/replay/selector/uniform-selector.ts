import type { Random } from "../random.ts";
import { NO_VALUES, type Selector, type SelectorState } from "./selector.ts";

/** Any slot, each with the same chance; every call takes O(1). */
export class UniformSelector implements Selector {
  readonly kind = "uniform";
  readonly #slots: Int32Array;
  readonly #positions: Int32Array;
  readonly #random: Random;
  #size = 0;
  /** Each slot is at the place of its number, as in a table from which items only go for others: nothing to look up. */
  #isInOrder = true;

  constructor(capacity: number, random: Random) {
    this.#slots = new Int32Array(capacity);
    this.#positions = new Int32Array(capacity);
    this.#random = random;
  }

  get size(): number {
    return this.#size;
  }

  insert(slot: number): void {
    if (slot !== this.#size) this.#isInOrder = false;
    this.#slots[this.#size] = slot;
    this.#positions[slot] = this.#size++;
  }

  insertAll(slots: Int32Array): void {
    let size = this.#size;
    this.#slots.set(slots, size);
    for (let at = 0; at < slots.length; at++) {
      if (slots[at] !== size) this.#isInOrder = false;
      this.#positions[slots[at] as number] = size++;
    }
    this.#size = size;
  }

  replaceAll(): void {} // all are alike

  update(): void {} // as above

  delete(slot: number): void {
    const position = this.#positions[slot] as number;
    const last = this.#slots[--this.#size] as number;
    this.#slots[position] = last;
    this.#positions[last] = position;
    this.#isInOrder = this.#size === 0 || (this.#isInOrder && last === slot);
  }

  sample(): number {
    return this.#slots[this.#random.below(this.#size)] as number;
  }

  sampleAll(slots: Int32Array): void {
    this.#random.belowAll(this.#size, slots);
    if (this.#isInOrder) return;
    for (let at = 0; at < slots.length; at++) {
      slots[at] = this.#slots[slots[at] as number] as number;
    }
  }

  probability(): number {
    return 1 / this.#size;
  }

  probabilitiesOf(_slots: Int32Array, out: Float64Array): void {
    out.fill(1 / this.#size);
  }

  stateDict(): SelectorState {
    const slots = this.#slots.slice(0, this.#size);
    return { kind: this.kind, slots, values: NO_VALUES, ages: NO_VALUES };
  }

  loadStateDict({ slots }: SelectorState): void {
    this.#size = 0;
    this.#isInOrder = true;
    for (const slot of slots) this.insert(slot);
  }
}
