import { type Draw, weigh } from "./draw.ts";
import { stateFault } from "./faults.ts";
import { ItemSlots, type ItemSlotsState } from "./item-slots.ts";
import { RateLimiter, type RateLimiterState } from "./limiter/rate-limiter.ts";
import { Random, type RandomState } from "./random.ts";
import { HeapSelector } from "./selector/heap-selector.ts";
import { makeSelector } from "./selector/make-selector.ts";
import type { Selector, SelectorState } from "./selector/selector.ts";
import type { RowStore } from "./store/row-store.ts";
import type { TableSettings } from "./table-options.ts";

/** What became of items. `inserted` is the size and all ways to leave together. */
export interface TableCounts {
  inserted: number;
  /** Draws, of any item. */
  sampled: number;
  /** Made room for another. */
  evicted: number;
  /** Sampled `maxUse` times. */
  exhausted: number;
  /** Beyond `maxStaleness`. */
  expired: number;
  /** By `delete()`. */
  deleted: number;
  /** Its data was gone or broken. */
  lost: number;
  /** Never inserted: the limiter in mode "drop", or too old. */
  dropped: number;
}

/** Ways to leave a table. */
export type Leaving = "evicted" | "exhausted" | "expired" | "deleted" | "lost";

/** What items bring when they go in. */
export interface Entry {
  /** The priority of the item at this place of the whole insert; undefined is the highest so far. */
  priorityAt: (at: number) => number | undefined;
  /** The place of the first of these items. */
  from: number;
  version: number;
}

/** A table as plain values. */
export interface TableState {
  name: string;
  maxSize: number;
  items: ItemSlotsState;
  sampler: SelectorState;
  remover: SelectorState;
  /** By policy version; only with `maxStaleness`. */
  byVersion: SelectorState | null;
  limiter: RateLimiterState;
  random: RandomState;
  counts: TableCounts;
  draws: number;
  maxPriority: number;
  policyVersion: number;
}

/** Items over rows of a store. Nothing here waits or asks the limiter: who calls does. */
export class Table {
  readonly settings: Readonly<TableSettings>;
  readonly limiter: RateLimiter;
  /** A sampler waits for items alone: an insert may pass the limiter, or both would wait for ever. */
  isHungry = false;
  readonly counts: TableCounts = {
    inserted: 0,
    sampled: 0,
    evicted: 0,
    exhausted: 0,
    expired: 0,
    deleted: 0,
    lost: 0,
    dropped: 0,
  };
  readonly #store: RowStore;
  readonly #random: Random;
  readonly #items: ItemSlots;
  readonly #sampler: Selector;
  readonly #remover: Selector;
  readonly #byVersion: HeapSelector | undefined;
  /** Uses of the items that are in, together. */
  #usesSpent = 0;
  #draws = 0;
  #maxPriority = 1;
  #policyVersion = -Infinity;

  constructor(settings: TableSettings, store: RowStore, seed: number) {
    const { name, maxSize, maxStaleness, sampler, remover, alpha } = settings;
    this.settings = settings;
    this.limiter = new RateLimiter(settings.limiter, `${name}.limiter`);
    this.#store = store;
    this.#random = new Random(seed);
    this.#items = new ItemSlots(maxSize);
    const context = { capacity: maxSize, random: this.#random, alpha };
    this.#sampler = makeSelector(sampler, { ...context, path: `${name}.sampler` });
    this.#remover = makeSelector(remover, { ...context, path: `${name}.remover` });
    if (maxStaleness < Infinity) this.#byVersion = new HeapSelector("min-heap", maxSize);
  }

  get size(): number {
    return this.#sampler.size;
  }

  /** How often its items together may still be sampled. */
  get usesLeft(): number {
    const { maxUse } = this.settings;
    if (this.size === 0) return 0;
    return maxUse === Infinity ? Infinity : this.size * maxUse - this.#usesSpent;
  }

  /** The newest version that a sampler has told; -Infinity before. */
  get policyVersion(): number {
    return this.#policyVersion;
  }

  /** How far importance weights correct now. */
  get beta(): number {
    const { beta, annealSteps } = this.settings;
    return beta + (1 - beta) * Math.min(1, this.#draws / annealSteps);
  }

  isStale(version: number): boolean {
    return this.#policyVersion - version > this.settings.maxStaleness;
  }

  /** Puts items in that begin at these rows, `lengths` steps each (one each without it); evicts where it is full. */
  insert(heads: Int32Array, lengths: Int32Array | undefined, entry: Entry): void {
    const { priorityAt, from, version } = entry;
    this.makeRoom(heads.length);
    const slots = this.#items.take(heads, lengths, version);
    const priorities = new Float64Array(slots.length);
    for (let at = 0; at < slots.length; at++) {
      const priority = priorityAt(from + at) ?? this.#maxPriority;
      if (priority > this.#maxPriority) this.#maxPriority = priority;
      priorities[at] = priority;
      this.#items.setPriority(slots[at] as number, priority);
    }
    if (lengths) heads.forEach((head, at) => this.#store.retain(head, lengths[at]));
    else this.#store.retainAll(heads);
    this.#sampler.insertAll(slots, priorities);
    this.#remover.insertAll(slots, priorities);
    for (const slot of this.#byVersion ? slots : []) this.#byVersion?.insert(slot, version);
    this.counts.inserted += heads.length;
    this.limiter.insert(heads.length);
  }

  /** Makes room for so many: at once, so that the rows of what goes can be taken for what comes. */
  makeRoom(count: number): void {
    const { maxSize } = this.settings;
    while (this.size > 0 && this.size + count > maxSize) {
      this.#leave(this.#remover.sample(), "evicted");
    }
  }

  /** Notes the version of who samples; what is too old for it goes. Versions never go back. */
  advance(version: number): void {
    if (version > this.#policyVersion) this.#policyVersion = version;
    const oldest = this.#policyVersion - this.settings.maxStaleness;
    while (this.#byVersion && (this.#byVersion.top ?? Infinity) < oldest) {
      this.#leave(this.#byVersion.sample(), "expired");
    }
  }

  /** Draws as many items as `draw` has room for. There must be enough uses left. */
  draw(draw: Draw): void {
    const { size } = this;
    const count = draw.heads.length;
    if (this.settings.maxUse === Infinity) {
      const slots = new Int32Array(count);
      this.#sampler.sampleAll(slots);
      this.#items.use(slots, draw);
      for (let at = 0; at < count; at++) {
        draw.probabilities[at] = this.#sampler.probability(slots[at] as number);
      }
      this.#usesSpent += count;
    } else this.#drawUsedUp(draw);
    this.counts.sampled += count;
    this.limiter.sample(count);
    if (this.settings.sampler === "prioritized") weigh(draw, size, this.beta);
    else draw.weights.fill(1);
    this.#draws++;
  }

  /** Sets a priority; false when the key's item is gone. */
  update(key: number, priority: number): boolean {
    const slot = this.#items.slotOf(key);
    if (slot === undefined) return false;
    this.#items.setPriority(slot, priority);
    if (priority > this.#maxPriority) this.#maxPriority = priority;
    this.#sampler.update(slot, priority);
    this.#remover.update(slot, priority);
    return true;
  }

  /** Takes an item out; false when it is gone already. */
  delete(key: number, why: "deleted" | "lost"): boolean {
    const slot = this.#items.slotOf(key);
    if (slot === undefined) return false;
    this.#leave(slot, why);
    return true;
  }

  stateDict(): TableState {
    return {
      name: this.settings.name,
      maxSize: this.settings.maxSize,
      items: this.#items.stateDict(),
      sampler: this.#sampler.stateDict(),
      remover: this.#remover.stateDict(),
      byVersion: this.#byVersion?.stateDict() ?? null,
      limiter: this.limiter.stateDict(),
      random: this.#random.stateDict(),
      counts: { ...this.counts },
      draws: this.#draws,
      maxPriority: this.#maxPriority,
      policyVersion: this.#policyVersion,
    };
  }

  /** Refuses the state of a table with another name, size or selectors. */
  checkState(state: TableState): void {
    const { name, sampler, remover, maxSize } = this.settings;
    const isOther = state.sampler.kind !== sampler || state.remover.kind !== remover;
    const hasHeap = state.byVersion !== null;
    if (isOther || state.maxSize !== maxSize || hasHeap !== (this.#byVersion !== undefined)) {
      throw stateFault(`table "${name}" was of another size or had other selectors`);
    }
  }

  /** Takes another's place, and counts on its rows. */
  loadStateDict(state: TableState): void {
    this.#items.loadStateDict(state.items);
    this.#random.loadStateDict(state.random);
    this.#sampler.loadStateDict(state.sampler);
    this.#remover.loadStateDict(state.remover);
    if (state.byVersion) this.#byVersion?.loadStateDict(state.byVersion);
    this.limiter.loadStateDict(state.limiter);
    Object.assign(this.counts, state.counts);
    this.#draws = state.draws;
    this.#maxPriority = state.maxPriority;
    this.#policyVersion = state.policyVersion;
    this.isHungry = false;
    this.#usesSpent = 0;
    const { rows, lengths, uses } = state.items;
    for (let at = 0; at < rows.length; at++) {
      this.#usesSpent += uses[at] as number;
      this.#store.retain(rows[at] as number, lengths[at]);
    }
  }

  /** Items for whose steps `isThere` says no are lost, and counted. Says how many. */
  lose(isThere: (row: number, length: number) => boolean): number {
    const { slots, rows, lengths } = this.#items.stateDict();
    const lost = slots.filter((_, at) => !isThere(rows[at] as number, lengths[at] as number));
    for (const slot of lost) this.#leave(slot, "lost");
    return lost.length;
  }

  /** One after the other: what is used up goes at once, so that it is not drawn again. */
  #drawUsedUp(draw: Draw): void {
    const count = draw.heads.length;
    for (let at = 0; at < count; at++) {
      const slot = this.#sampler.sample(at, count);
      draw.probabilities[at] = this.#sampler.probability(slot);
      this.#usesSpent++;
      const uses = this.#items.useOne(slot, draw, at);
      if (uses >= this.settings.maxUse) this.#leave(slot, "exhausted");
    }
  }

  #leave(slot: number, why: Leaving): void {
    const items = this.#items;
    this.#usesSpent -= items.usesOf(slot);
    items.giveBack(slot);
    this.#sampler.delete(slot);
    this.#remover.delete(slot);
    this.#byVersion?.delete(slot);
    this.#store.release(items.rowOf(slot), items.lengthOf(slot));
    this.counts[why]++;
    this.limiter.delete();
  }
}
