/**
 * Lets jobs into a worker process: any number together, but one that may have killed a process goes in alone, so that
 * it takes no other with it. In the order of arrival.
 */
export class Gate {
  readonly #waiting: { isAlone: boolean; enter: () => void }[] = [];
  #inside = 0;
  #isClosed = false;

  /** Resolves, with what leaves again, when the job may go in; rejects with the signal's reason. */
  enter(isAlone: boolean, signal: AbortSignal): Promise<() => void> {
    const { promise, resolve, reject } = Promise.withResolvers<() => void>();
    const waiter = {
      isAlone,
      enter: () => {
        signal.removeEventListener("abort", leave);
        this.#inside += 1;
        this.#isClosed = isAlone;
        resolve(() => this.#left());
      },
    };
    const leave = (): void => {
      const index = this.#waiting.indexOf(waiter);
      if (index >= 0) this.#waiting.splice(index, 1);
      reject(signal.reason as Error);
      this.#letIn();
    };
    if (signal.aborted) leave();
    else {
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiter);
      this.#letIn();
    }
    return promise;
  }

  #left(): void {
    this.#inside -= 1;
    this.#isClosed = false;
    this.#letIn();
  }

  #letIn(): void {
    for (let next = this.#waiting[0]; next && this.#isOpenFor(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      next.enter();
    }
  }

  #isOpenFor({ isAlone }: { isAlone: boolean }): boolean {
    return !this.#isClosed && (!isAlone || this.#inside === 0);
  }
}
