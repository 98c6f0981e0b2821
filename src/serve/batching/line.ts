/** What stands in a line and may leave it from anywhere. */
export interface Standing {
  readonly isGone: boolean;
}

const FEW = 64;

/**
 * First in, first out, with lazy deletion: who is gone is passed over, and forgotten when the gone are more
 * than half. Every step costs the same, amortised, however many wait.
 */
export class Line<I extends Standing> {
  #items: (I | undefined)[] = [];
  #head = 0;
  #present = 0;

  /** How many stand here and are not gone. */
  get size(): number {
    return this.#present;
  }

  push(item: I): void {
    this.#items.push(item);
    this.#present += 1;
  }

  /** The first that is not gone; stays. */
  peek(): I | undefined {
    for (; this.#head < this.#items.length; this.#head++) {
      const item = this.#items[this.#head];
      if (item && !item.isGone) return item;
      this.#items[this.#head] = undefined;
    }
    return undefined;
  }

  /** Takes out what `peek()` gives. */
  shift(): I | undefined {
    const item = this.peek();
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.#present -= 1;
    this.#tidy();
    return item;
  }

  /** Said once of each that has gone while it stood here. */
  onGone(): void {
    this.#present -= 1;
    this.#tidy();
  }

  #tidy(): void {
    if (this.#items.length <= 2 * this.#present + FEW) return;
    this.#items = this.#items.filter((item) => item && !item.isGone);
    this.#head = 0;
  }
}
