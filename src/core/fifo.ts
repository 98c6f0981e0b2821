/** First in, first out; taking from the front does not move the others each time. */
export class Fifo<T> {
  #items: T[] = [];
  #taken = 0;

  get size(): number {
    return this.#items.length - this.#taken;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** These go before all others, in their order. */
  putFirst(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#taken)];
    this.#taken = 0;
  }

  /** The oldest, which stays, or undefined. */
  peek(): T | undefined {
    return this.#items[this.#taken];
  }

  /** The oldest, or undefined. */
  take(): T | undefined {
    const item = this.#items[this.#taken];
    if (this.size === 0) return undefined;
    this.#taken += 1;
    if (this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#taken = 0;
  }
}
