/** Runs so many jobs at a time; the others wait in the order in which they came. */
export class Crew {
  readonly #size: number;
  #busy = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** The job's outcome; it begins at once, in this turn, when somebody is free. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#busy < this.#size) this.#busy += 1;
    else await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    try {
      return await job();
    } finally {
      const next = this.#waiting.shift();
      // Handed on, not given back: nobody who comes now may go before who waits.
      if (next) next();
      else this.#busy -= 1;
    }
  }
}
