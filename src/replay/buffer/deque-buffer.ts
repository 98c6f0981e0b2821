import { checkCount, stateFault } from "../faults.ts";
import { Random, type RandomState } from "../random.ts";
import { chooseItems } from "./choose-items.ts";
import { ItemDeque } from "./item-deque.ts";
import type { BufferedItem, Delete, Layer, Meta, Push, Sample, SampleRequest } from "./layer.ts";
import type { Sampled, Update } from "./layer.ts";

/** What a deque buffer is made of. */
export interface DequeBufferOptions {
  /** Items at most; one more, and the oldest goes. */
  size: number;
  /** Windows of `unrollLen` begin at multiples of it only. Default false. */
  sliced?: boolean;
  seed?: number;
}

/** A deque buffer as plain values. */
export interface DequeBufferState {
  items: { index: string; data: unknown; meta: Meta }[];
  pushed: number;
  random: RandomState;
  /** One for each layer; null where it has none. */
  layers: unknown[];
}

interface Shared {
  deque: ItemDeque;
  random: Random;
  sliced: boolean;
}

/**
 * The ancestor's newer buffer: a deque under layers (`use()`), each of which may change what goes in and out.
 * `view()` is the same items under layers of its own. It does not wait: too few items are an error.
 */
export class DequeBuffer<T = unknown> {
  readonly #shared: Shared;
  readonly #layers: Layer<T>[] = [];

  constructor(options: DequeBufferOptions | Shared) {
    if ("deque" in options) {
      this.#shared = options;
      return;
    }
    const { size, sliced = false, seed = 0 } = options;
    checkCount("size", size);
    this.#shared = { deque: new ItemDeque(size), random: new Random(seed), sliced };
  }

  get count(): number {
    return this.#shared.deque.count;
  }

  get size(): number {
    return this.#shared.deque.size;
  }

  /** Puts a layer under those that are there: the first one sees a call first. Items that are in already are told to it. */
  use(layer: Layer<T> | ((buffer: DequeBuffer<T>) => Layer<T>)): this {
    const made = typeof layer === "function" ? layer(this) : layer;
    const { deque } = this.#shared;
    this.#layers.push(made);
    for (const item of deque.byAge) made.added?.(item as BufferedItem<T>);
    deque.watch({
      added: (item) => made.added?.(item as BufferedItem<T>),
      removed: (item) => made.removed?.(item as BufferedItem<T>),
    });
    return this;
  }

  /** The same items without these layers. */
  view(): DequeBuffer<T> {
    return new DequeBuffer<T>(this.#shared);
  }

  push(data: T, meta: Meta = {}): BufferedItem<T> {
    let next: Push<T> = (value, about) => {
      const item = { index: this.#shared.deque.nextIndex(), data: value, meta: about };
      this.#shared.deque.push(item);
      return item;
    };
    for (const layer of this.#layers.toReversed()) {
      const { push } = layer;
      const below = next;
      if (push) next = (value, about) => push(below, value, about);
    }
    return next(data, { ...meta });
  }

  /** Items that are not in groups; `usage.invalid-input` when there are too few. */
  sample(
    what: SampleRequest["what"],
    options: Omit<SampleRequest, "what"> = {},
  ): BufferedItem<T>[] {
    return this.sampleGroups(what, options).flat();
  }

  /** As `sample()`, group by group. */
  sampleGroups(what: SampleRequest["what"], options: Omit<SampleRequest, "what"> = {}): Sampled<T> {
    const { deque } = this.#shared;
    let next: Sample<T> = (request) => {
      const chosen = chooseItems(deque, request, this.#shared) as Sampled<T>;
      // What a layer writes for one place of a sample does not show at another.
      return chosen.map((group) => group.map((item) => ({ ...item, meta: { ...item.meta } })));
    };
    for (const layer of this.#layers.toReversed()) {
      const { sample } = layer;
      const below = next;
      if (sample) next = (request) => sample(below, request);
    }
    return next({ ...options, what });
  }

  /** Replaces an item's data, and adds to its meta; false when it is gone. */
  update(index: string, change: Parameters<Update<T>>[1]): boolean {
    let next: Update<T> = (at, { data, meta }) => {
      const item = this.#shared.deque.get(at);
      if (!item) return false;
      if (data !== undefined) item.data = data;
      if (meta) item.meta = { ...item.meta, ...meta };
      return true;
    };
    for (const layer of this.#layers.toReversed()) {
      const { update } = layer;
      const below = next;
      if (update) next = (at, changed) => update(below, at, changed);
    }
    return next(index, change);
  }

  /** Takes items out; says how many there were. */
  delete: Delete = (indices) =>
    [indices].flat().filter((index) => this.#shared.deque.delete(index)).length;

  clear(): void {
    this.#shared.deque.clear();
  }

  /** The item at this age, the oldest first; negative counts from the newest. */
  get(age: number): BufferedItem<T> | undefined {
    return this.#shared.deque.byAge.at(age) as BufferedItem<T> | undefined;
  }

  getByIndex(index: string): BufferedItem<T> | undefined {
    return this.#shared.deque.get(index) as BufferedItem<T> | undefined;
  }

  /** All items, the oldest first. */
  items(): readonly BufferedItem<T>[] {
    return this.#shared.deque.byAge as readonly BufferedItem<T>[];
  }

  stateDict(): DequeBufferState {
    const { deque, random } = this.#shared;
    return {
      items: deque.byAge.map(({ index, data, meta }) => ({ index, data, meta: { ...meta } })),
      pushed: deque.pushed,
      random: random.stateDict(),
      layers: this.#layers.map((layer) => layer.stateDict?.() ?? null),
    };
  }

  /** Becomes what was saved by a buffer with the same layers; it may have been of another size. */
  loadStateDict(state: DequeBufferState): void {
    if (state.layers.length !== this.#layers.length) {
      throw stateFault(`it has ${state.layers.length} layers: here are ${this.#layers.length}`);
    }
    const { deque, random } = this.#shared;
    deque.load(
      state.items.map((item) => ({ ...item, meta: { ...item.meta } })),
      state.pushed,
    );
    random.loadStateDict(state.random);
    for (const [at, layer] of this.#layers.entries()) {
      if (state.layers[at] !== null) layer.loadStateDict?.(state.layers[at]);
    }
  }
}
