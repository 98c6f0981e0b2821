import type { BufferedItem } from "./layer.ts";

/** Is told what comes and goes. */
export interface DequeWatcher {
  added: (item: BufferedItem) => void;
  removed: (item: BufferedItem) => void;
}

/** Items by age and by index. Taking one out of the middle takes O(n) at the next look by age, once for all of them. */
export class ItemDeque {
  readonly size: number;
  /** In the order of age: a Map keeps it, also when one in the middle goes. */
  readonly #items = new Map<string, BufferedItem>();
  readonly #watchers = new Set<DequeWatcher>();
  #byAge: BufferedItem[] | undefined;
  #count = 0;

  constructor(size: number) {
    this.size = size;
  }

  get count(): number {
    return this.#items.size;
  }

  /** Items that ever were. */
  get pushed(): number {
    return this.#count;
  }

  /** The oldest first. Not to be changed. */
  get byAge(): readonly BufferedItem[] {
    return (this.#byAge ??= [...this.#items.values()]);
  }

  watch(watcher: DequeWatcher): void {
    this.#watchers.add(watcher);
  }

  get(index: string): BufferedItem | undefined {
    return this.#items.get(index);
  }

  /** The next index, which no item ever had. */
  nextIndex(): string {
    return (this.#count++).toString(36).padStart(12, "0");
  }

  push(item: BufferedItem): void {
    while (this.#items.size >= this.size) {
      const [oldest] = this.#items.keys();
      if (oldest !== undefined) this.delete(oldest);
    }
    this.#items.set(item.index, item);
    this.#byAge = undefined;
    for (const watcher of this.#watchers) watcher.added(item);
  }

  delete(index: string): boolean {
    const item = this.#items.get(index);
    if (!item) return false;
    this.#items.delete(index);
    this.#byAge = undefined;
    for (const watcher of this.#watchers) watcher.removed(item);
    return true;
  }

  clear(): void {
    for (const index of this.#items.keys()) this.delete(index);
  }

  /** Takes these items, the oldest first, in place of its own. */
  load(items: readonly BufferedItem[], pushed: number): void {
    this.clear();
    for (const item of items) this.push(item);
    this.#count = pushed;
  }
}
