import { type Draw, weigh } from "./draw.ts";
import { stateFault } from "./faults.ts";
import { ItemSlots } from "./item-slots.ts";
import type { ItemsPiece } from "./items-snapshot.ts";
import { RateLimiter } from "./limiter/rate-limiter.ts";
import { Random } from "./random.ts";
import { HeapSelector } from "./selector/heap-selector.ts";
import { makeSelector } from "./selector/make-selector.ts";
import type { Selector } from "./selector/selector.ts";
import type { RowStore } from "./store/row-store.ts";
import type { TableSettings } from "./table-options.ts";
import { noCounts, type TableCounts, type TableSnapshot, type TableState } from "./table-state.ts";

/** Ways to leave a table. */
export type Leaving = "evicted" | "exhausted" | "expired" | "deleted" | "lost";

/** What items bring when they go in. */
export interface Entry {
  /** The priority of the item at this place of the whole insert; undefined: the highest so far. */
  priorityAt: ((at: number) => number | undefined) | undefined;
  /** The place of the first of these items. */
  from: number;
  version: number;
}

/** Items over rows of a store. Nothing here waits or asks the limiter: who calls does. */
export class Table {
  readonly settings: Readonly<TableSettings>;
  readonly limiter: RateLimiter;
  /** A sampler waits for items alone: an insert may pass the limiter, or both would wait for ever. */
  isHungry = false;
  readonly counts: TableCounts = noCounts();
  readonly #store: RowStore;
  readonly #random: Random;
  readonly #items: ItemSlots;
  readonly #sampler: Selector;
  readonly #remover: Selector;
  readonly #byVersion: HeapSelector | undefined;
  /** Slots whose items made room, and which the next items take over: the sampler still knows them. */
  #vacated = new Int32Array(0);
  #vacatedCount = 0;
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
    return this.#sampler.size - this.#vacatedCount;
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
    const { version } = entry;
    const count = heads.length;
    this.makeRoom(count);
    const priorities = this.#prioritiesOf(entry, count);
    const reused = Math.min(count, this.#vacatedCount);
    this.#vacatedCount -= reused;
    const again = this.#vacated.subarray(this.#vacatedCount, this.#vacatedCount + reused);
    const fresh = this.#items.take(count - reused);
    const slots = reused === count ? again : new Int32Array(count);
    if (reused < count) {
      slots.set(again);
      slots.set(fresh, reused);
    }
    this.#items.fill(slots, { rows: heads, lengths, priorities, version });
    if (lengths) heads.forEach((head, at) => this.#store.retain(head, lengths[at]));
    else this.#store.retainAll(heads);
    this.#sampler.replaceAll(again, priorities);
    this.#sampler.insertAll(fresh, priorities.subarray(reused));
    this.#remover.insertAll(slots, priorities);
    for (const slot of this.#byVersion ? slots : []) this.#byVersion?.insert(slot, version);
    this.counts.inserted += count;
    this.limiter.insert(count);
  }

  /** Makes room for so many, which have to come next: the rows and slots of what goes are for them. */
  makeRoom(count: number): void {
    const { maxSize } = this.settings;
    const over = Math.min(this.size, this.size + count - maxSize);
    if (over <= 0) return;
    if (this.#vacated.length < this.#vacatedCount + over) {
      const vacated = new Int32Array(this.#vacatedCount + over);
      vacated.set(this.#vacated.subarray(0, this.#vacatedCount));
      this.#vacated = vacated;
    }
    const items = this.#items;
    for (let left = over; left > 0; left--) {
      const slot = this.#remover.sample();
      this.#remover.delete(slot);
      this.#byVersion?.delete(slot);
      this.#usesSpent -= items.usesOf(slot);
      items.clear(slot);
      this.#store.release(items.rowOf(slot), items.lengthOf(slot));
      this.#vacated[this.#vacatedCount++] = slot;
    }
    this.counts.evicted += over;
    this.limiter.delete(over);
  }

  /** What room was made for does not come after all. */
  giveUpRoom(): void {
    while (this.#vacatedCount > 0) {
      const slot = this.#vacated[--this.#vacatedCount] as number;
      this.#sampler.delete(slot);
      this.#items.giveBack(slot);
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
    const count = draw.heads.length;
    if (this.settings.maxUse === Infinity) {
      this.#sampler.sampleAll(draw.slots);
      this.#items.use(draw);
      this.#sampler.probabilitiesOf(draw.slots, draw.probabilities);
      this.#usesSpent += count;
    } else this.#drawUsedUp(draw);
    this.counts.sampled += count;
    this.limiter.sample(count);
    if (this.settings.sampler === "prioritized") weigh(draw, this.beta);
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

  /** Everything as it is now; what is known of items is read bit by bit. Dispose of it. */
  snapshot(): TableSnapshot {
    const items = this.#items.snapshot();
    const dispose = (): void => items[Symbol.dispose]();
    return { state: this.#stateDict(), items, [Symbol.dispose]: dispose };
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

  /** Takes another's place, with these items, and counts on their rows. */
  loadStateDict(state: TableState, items: ItemsPiece): void {
    this.#items.loadStateDict(state.items, items);
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
    const { rows, lengths, uses } = items;
    for (let at = 0; at < rows.length; at++) {
      this.#usesSpent += uses[at] as number;
      this.#store.retain(rows[at] as number, lengths[at]);
    }
  }

  /** Items for whose steps `isThere` says no are lost, and counted. Says how many. */
  lose(isThere: (row: number, length: number) => boolean): number {
    const { slots, rows, lengths } = this.#items.copy(0, this.#items.used);
    const lost = slots.filter((_, at) => !isThere(rows[at] as number, lengths[at] as number));
    for (const slot of lost) this.#leave(slot, "lost");
    return lost.length;
  }

  #stateDict(): TableState {
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

  #prioritiesOf({ priorityAt, from }: Entry, count: number): Float64Array {
    const priorities = new Float64Array(count);
    if (!priorityAt) return priorities.fill(this.#maxPriority);
    for (let at = 0; at < count; at++) {
      const priority = priorityAt(from + at) ?? this.#maxPriority;
      if (priority > this.#maxPriority) this.#maxPriority = priority;
      priorities[at] = priority;
    }
    return priorities;
  }

  #leave(slot: number, why: Leaving): void {
    const items = this.#items;
    this.#usesSpent -= items.usesOf(slot);
    items.giveBack(slot);
    this.#sampler.delete(slot);
    this.#remover.delete(slot);
    this.#byVersion?.delete(slot);
    this.counts[why]++;
    this.limiter.delete();
    this.#store.release(items.rowOf(slot), items.lengthOf(slot));
  }
}
