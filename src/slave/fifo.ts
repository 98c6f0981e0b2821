/** First in, first out, and anything in between can be taken out; each step costs the same however many wait. */
export class Fifo<T> {
  readonly #present = new Set<T>();
  /** In order; what was taken out from between is still here and passed over. */
  #items: T[] = [];
  #head = 0;

  get size(): number {
    return this.#present.size;
  }

  has(item: T): boolean {
    return this.#present.has(item);
  }

  push(item: T): void {
    this.#present.add(item);
    this.#items.push(item);
  }

  /** The oldest, which stays. */
  peek(): T | undefined {
    for (; this.#head < this.#items.length; this.#head++) {
      const item = this.#items[this.#head] as T;
      if (this.#present.has(item)) return item;
    }
    return undefined;
  }

  /** Takes out the oldest. */
  shift(): T | undefined {
    const item = this.peek();
    if (item === undefined) return undefined;
    this.#present.delete(item);
    this.#head += 1;
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes out this one; false when it is not here. */
  delete(item: T): boolean {
    return this.#present.delete(item);
  }
}
