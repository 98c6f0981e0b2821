import type { Ticket } from "./ticket.ts";

const FEW = 64;

/** Who expires next: a heap in which the gone stay until they come up or are more than half. */
export class Deadlines<T> {
  #heap: Ticket<T>[] = [];
  #present = 0;

  /** When the next one is due; Infinity when there is none. */
  get next(): number {
    return this.#top()?.deadline ?? Infinity;
  }

  /** Only those that have a deadline. */
  push(ticket: Ticket<T>): void {
    this.#heap.push(ticket);
    this.#present += 1;
    this.#rise(this.#heap.length - 1);
  }

  /** The next one that is due at `now`; it stays until it is gone. */
  due(now: number): Ticket<T> | undefined {
    const top = this.#top();
    return top && top.deadline <= now ? top : undefined;
  }

  /** Said once of each that has gone. */
  onGone(): void {
    this.#present -= 1;
    if (this.#heap.length <= 2 * this.#present + FEW) return;
    this.#heap = this.#heap.filter(({ isGone }) => !isGone);
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  #top(): Ticket<T> | undefined {
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
