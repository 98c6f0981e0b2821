import type { Random } from "../random.ts";
import type { Selector, SelectorState } from "./selector.ts";
import { SumTree } from "./sum-tree.ts";
import { UniformSelector } from "./uniform-selector.ts";
import { weightOf } from "./weight-of.ts";

/** A slot with a chance in proportion to `priority ** alpha`; where all are 0, any with the same chance. */
export class PrioritizedSelector implements Selector {
  readonly kind = "prioritized";
  readonly #alpha: number;
  readonly #random: Random;
  readonly #tree: SumTree;
  /** Which are there, for when all weigh nothing. */
  readonly #present: UniformSelector;

  constructor(capacity: number, random: Random, alpha: number) {
    this.#alpha = alpha;
    this.#random = random;
    this.#tree = new SumTree(capacity);
    this.#present = new UniformSelector(capacity, random);
  }

  get size(): number {
    return this.#present.size;
  }

  /** The sum of all weights. */
  get total(): number {
    return this.#tree.total;
  }

  insert(slot: number, priority: number): void {
    this.#present.insert(slot);
    this.#tree.set(slot, this.#weightOf(priority));
  }

  insertAll(slots: Int32Array, priorities: Float64Array): void {
    this.#present.insertAll(slots);
    this.replaceAll(slots, priorities);
  }

  replaceAll(slots: Int32Array, priorities: Float64Array): void {
    const weights = new Float64Array(slots.length);
    let last = NaN;
    let weight = 0;
    for (let at = 0; at < slots.length; at++) {
      const priority = priorities[at] as number;
      if (priority !== last) weight = this.#weightOf((last = priority)); // neighbours are often alike
      weights[at] = weight;
    }
    this.#tree.setAll(slots, weights);
  }

  update(slot: number, priority: number): void {
    this.#tree.set(slot, this.#weightOf(priority));
  }

  delete(slot: number): void {
    this.#present.delete(slot);
    this.#tree.set(slot, 0);
  }

  sample(stratum = 0, strata = 1): number {
    const total = this.#tree.total;
    if (total === 0) return this.#present.sample();
    return this.#tree.find(((stratum + this.#random.next()) / strata) * total);
  }

  sampleAll(slots: Int32Array): void {
    const total = this.#tree.total;
    if (total === 0) return this.#present.sampleAll(slots);
    const strata = slots.length;
    const masses = new Float64Array(strata);
    for (let at = 0; at < strata; at++) {
      masses[at] = ((at + this.#random.next()) / strata) * total;
    }
    this.#tree.findAll(masses, slots);
  }

  probability(slot: number): number {
    const total = this.#tree.total;
    return total === 0 ? 1 / this.size : this.#tree.get(slot) / total;
  }

  probabilitiesOf(slots: Int32Array, out: Float64Array): void {
    const total = this.#tree.total;
    if (total === 0) return this.#present.probabilitiesOf(slots, out);
    for (let at = 0; at < slots.length; at++) {
      out[at] = this.#tree.get(slots[at] as number) / total;
    }
  }

  stateDict(): SelectorState {
    const { slots, ages } = this.#present.stateDict();
    const values = new Float64Array(slots.length);
    for (let at = 0; at < slots.length; at++) values[at] = this.#tree.get(slots[at] as number);
    return { kind: this.kind, slots, values, ages };
  }

  loadStateDict(state: SelectorState): void {
    this.#present.loadStateDict(state);
    this.#tree.load(state.slots, state.values);
  }

  #weightOf(priority: number): number {
    return weightOf(priority, this.#alpha);
  }
}
