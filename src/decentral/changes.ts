import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

/** Changes of a fleet: one at a time, in the order in which they were asked for; each is logged. */
export class Changes {
  readonly #log: Logger;
  #last: Promise<void> = Promise.resolve();
  #current: string | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

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
      this.#log.info(`${what} begins`);
      try {
        await change();
        this.#log.info(`${what} is done`);
      } catch (thrown) {
        this.#log.error(`${what} failed: ${messageOf(thrown)}`);
        throw thrown;
      } finally {
        this.#current = undefined;
      }
    });
    this.#last = changed.catch(() => {});
    return changed;
  }
}
