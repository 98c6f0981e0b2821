/** Changes of a fleet: one at a time, in the order in which they were asked for. */
export class Changes {
  #last: Promise<void> = Promise.resolve();
  #current: string | undefined;

  /** What is being done right now. */
  get current(): string | undefined {
    return this.#current;
  }

  /** Resolves when what was asked for so far is done, or has failed. */
  get settled(): Promise<void> {
    return this.#last;
  }

  /** Runs it when those before it are done. */
  run(what: string, change: () => Promise<void>): Promise<void> {
    const changed = this.#last.then(async () => {
      this.#current = what;
      try {
        await change();
      } finally {
        this.#current = undefined;
      }
    });
    this.#last = changed.catch(() => {});
    return changed;
  }
}
