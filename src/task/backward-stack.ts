import type { Suspended } from "./middleware.ts";

/** The middlewares that wait for the way back: the last that came is the first that goes on. */
export class BackwardStack {
  #waiting: Suspended[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  push(suspended: Suspended): void {
    this.#waiting.push(suspended);
  }

  /** It goes on by itself; nothing happens when it has left already. */
  remove(suspended: Suspended): void {
    const index = this.#waiting.lastIndexOf(suspended);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  /** Goes back through all of them; the first error ends it, with the rest still waiting. */
  async unwind(): Promise<void> {
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) await next.resume();
  }

  /** Gives all of them up, in the same order; what their `finally` throws goes to `report`. */
  async abandon(report: (name: string, error: unknown) => void): Promise<void> {
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) {
      const { name } = next;
      await next.abandon().catch((error: unknown) => report(name, error));
    }
  }
}
