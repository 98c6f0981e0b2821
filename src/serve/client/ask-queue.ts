import { Fifo } from "../../core/fifo.ts";
import type { Ask } from "./ask.ts";

/** Requests that wait to be sent: those that come back go first, each in the order in which they were asked. */
export class AskQueue {
  readonly #fresh = new Fifo<Ask>();
  #returned: Ask[] = [];
  #isSorted = true;
  #count = 0;

  add(ask: Ask): void {
    this.#count += 1;
    ask.order = this.#count;
    this.#fresh.push(ask);
  }

  /** It has been out, and is to be sent again. */
  giveBack(ask: Ask): void {
    this.#returned.push(ask);
    this.#isSorted = false;
  }

  /** The next one that is still wanted; it stays. */
  peek(): Ask | undefined {
    this.#skipSettled();
    return this.#returned.at(-1) ?? this.#fresh.peek();
  }

  /** Takes the one that `peek()` gave. */
  take(): void {
    if (this.#returned.length > 0) this.#returned.pop();
    else this.#fresh.take();
  }

  /** Takes all that are still wanted. */
  takeAll(): Ask[] {
    const all: Ask[] = [];
    for (let next = this.peek(); next; next = this.peek()) {
      this.take();
      all.push(next);
    }
    return all;
  }

  #skipSettled(): void {
    if (!this.#isSorted) this.#returned.sort((one, other) => other.order - one.order);
    this.#isSorted = true;
    while (this.#returned.at(-1)?.isGone) this.#returned.pop();
    if (this.#returned.length > 0) return;
    while (this.#fresh.peek()?.isGone) this.#fresh.take();
  }
}
