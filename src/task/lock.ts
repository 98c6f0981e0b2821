import { abortable } from "../core/wait.ts";

/** One at a time, in the order of asking. Whoever holds it and asks again waits for itself: not re-entrant. */
export class Lock {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is one's own, until disposed; rejects with the signal's reason when that aborts first. */
  async acquire(signal?: AbortSignal): Promise<Disposable> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await abortable(before, signal);
    } catch (reason) {
      void before.then(resolve); // those behind still wait for those before
      throw reason;
    }
    return { [Symbol.dispose]: resolve };
  }
}
