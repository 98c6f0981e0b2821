/** How the gaps between requests are spread. */
export type Distribution = "poisson" | "constant";

/** When requests are due, whatever became of those before. */
export class Schedule {
  readonly #gapMs: () => number;
  #nextMs: number;

  /** The first is due a gap after `fromMs`. */
  constructor(
    fromMs: number,
    perSecond: number,
    { distribution, chance }: { distribution: Distribution; chance: () => number },
  ) {
    const meanMs = 1_000 / perSecond;
    this.#gapMs =
      distribution === "constant" ? () => meanMs : () => -Math.log(1 - chance()) * meanMs;
    this.#nextMs = fromMs + this.#gapMs();
  }

  /** When the next one is due. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Takes the next one, and gives when it is due. */
  take(): number {
    const dueMs = this.#nextMs;
    this.#nextMs += this.#gapMs();
    return dueMs;
  }
}
