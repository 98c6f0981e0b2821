/** What waits until its deadline at most. */
export interface Mortal {
  /** On the clock of whoever looks. */
  readonly deadline: number;
  /** It does not wait any more; for ever. */
  readonly isGone: boolean;
}

const FEW = 64;

/**
 * Who expires next. Mostly those that come later expire later: they stand in a line, in front of which the gone are
 * passed over; only the others are in a heap. The gone stay until they come up or are more than half, so they must
 * keep nothing large alive.
 */
export class Deadlines<T extends Mortal> {
  #line: T[] = [];
  #head = 0;
  #latest = -Infinity;
  #heap: T[] = [];
  #present = 0;

  /** When the next one is due; Infinity when there is none. */
  get next(): number {
    return this.#first()?.deadline ?? Infinity;
  }

  /** Only those that have a deadline. */
  push(one: T): void {
    this.#present += 1;
    if (one.deadline >= this.#latest) {
      this.#latest = one.deadline;
      this.#line.push(one);
    } else {
      this.#heap.push(one);
      this.#rise(this.#heap.length - 1);
    }
  }

  /** The next one that is due at `now`; it stays until it is gone. */
  due(now: number): T | undefined {
    const first = this.#first();
    return first && first.deadline <= now ? first : undefined;
  }

  /** Said once of each that has gone. */
  onGone(): void {
    this.#present -= 1;
    if (this.#line.length + this.#heap.length <= 2 * this.#present + FEW) return;
    this.#line = this.#line.filter(({ isGone }) => !isGone);
    this.#head = 0;
    this.#latest = this.#line.at(-1)?.deadline ?? -Infinity;
    this.#heap = this.#heap.filter(({ isGone }) => !isGone);
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  #first(): T | undefined {
    while (this.#line[this.#head]?.isGone) this.#head += 1;
    const first = this.#line[this.#head];
    const top = this.#top();
    return first && top ? (top.deadline < first.deadline ? top : first) : (first ?? top);
  }

  #top(): T | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (!top?.isGone) return top;
      const last = this.#heap.pop();
      if (last && last !== top) {
        this.#heap[0] = last;
        this.#sink(0);
      }
    }
  }

  #rise(start: number): void {
    for (let at = start; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#swap(parent, at)) return;
      at = parent;
    }
  }

  #sink(start: number): void {
    for (let at = start; ;) {
      const left = 2 * at + 1;
      const least = this.#deadline(left + 1) < this.#deadline(left) ? left + 1 : left;
      if (!this.#swap(at, least)) return;
      at = least;
    }
  }

  #deadline(at: number): number {
    return this.#heap[at]?.deadline ?? Infinity;
  }

  /** Puts the earlier of the two above; false when it was there. */
  #swap(above: number, below: number): boolean {
    const [upper, lower] = [this.#heap[above], this.#heap[below]];
    if (!upper || !lower || lower.deadline >= upper.deadline) return false;
    this.#heap[above] = lower;
    this.#heap[below] = upper;
    return true;
  }
}
