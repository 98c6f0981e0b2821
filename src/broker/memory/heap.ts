/** What a heap holds: it notes there where it keeps it, so that it is found again at once. */
export interface Placed {
  /** -1 while it is in no heap. */
  place: number;
}

/** The least of many is at hand; adding, taking and removing any of them cost the logarithm of their number. */
export class Heap<T extends Placed> {
  readonly #isLess: (one: T, other: T) => boolean;
  readonly #items: T[] = [];

  constructor(isLess: (one: T, other: T) => boolean) {
    this.#isLess = isLess;
  }

  get size(): number {
    return this.#items.length;
  }

  get least(): T | undefined {
    return this.#items[0];
  }

  /** All of them, in no order. */
  values(): Iterable<T> {
    return this.#items;
  }

  /** All of them, sorted. */
  sorted(): T[] {
    return this.#items.toSorted((one, other) => (this.#isLess(one, other) ? -1 : 1));
  }

  add(item: T): void {
    this.#put(item, this.#items.length);
    this.#rise(item);
  }

  /** Nothing happens if it is not in here. */
  remove(item: T): void {
    const { place } = item;
    if (this.#items[place] !== item) return;
    item.place = -1;
    const last = this.#items.pop();
    if (!last || last === item) return;
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  clear(): void {
    for (const item of this.#items) item.place = -1;
    this.#items.length = 0;
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }

  #rise(item: T): void {
    for (;;) {
      const { place } = item;
      const parent = place > 0 ? this.#items[(place - 1) >> 1] : undefined;
      if (!parent || !this.#isLess(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[item.place * 2 + 1];
      const right = this.#items[item.place * 2 + 2];
      const child = left && right && this.#isLess(right, left) ? right : left;
      if (!child || !this.#isLess(child, item)) return;
      this.#swap(item, child);
    }
  }

  #swap(one: T, other: T): void {
    const { place } = one;
    this.#put(one, other.place);
    this.#put(other, place);
  }
}
