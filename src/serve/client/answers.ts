import { Fifo } from "../../core/fifo.ts";
import type { Collected, Response } from "./response.ts";

/** The answers to requests that nobody blocks on: kept in the order in which they came, until somebody fetches them. */
export class Answers {
  readonly #ready = new Fifo<Collected>();
  #pending = 0;
  #waiters: (() => void)[] = [];

  /** Requests whose answer has not come. */
  get pending(): number {
    return this.#pending;
  }

  /** Answers that nobody has fetched. */
  get ready(): number {
    return this.#ready.size;
  }

  /** A request has been made; call what this returns with its end, once. */
  expect(order: number): (response: Response) => void {
    this.#pending += 1;
    return (response) => {
      this.#pending -= 1;
      this.#ready.push({ response, order });
      this.#wake();
    };
  }

  /** The next one that is there or comes; undefined when none is left to come. */
  async next(): Promise<Collected | undefined> {
    while (this.ready === 0 && this.#pending > 0) {
      await new Promise<void>((resolve) => void this.#waiters.push(resolve));
    }
    return this.#ready.take();
  }

  /** What could not be used after all goes back to its place at the front. */
  giveBack(collected: readonly Collected[]): void {
    this.#ready.putFirst(collected);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
