/** How many gaps are remembered, and which of them in order counts: most are no longer. */
const KEPT = 8;
const COUNTED = 5;

/** How soon those who were answered together follow each other as they ask again. */
export class Succession {
  readonly #gapsMs = new Float64Array(KEPT).fill(Infinity);
  readonly #sorted = new Float64Array(KEPT);
  #newest = 0;
  #together: object | undefined;
  #lastMs = -Infinity;

  /** One of those who were answered together has asked again. */
  onReturn(together: object, now: number): void {
    if (this.#together === together) {
      this.#gapsMs[this.#newest] = now - this.#lastMs;
      this.#newest = (this.#newest + 1) % KEPT;
    }
    this.#together = together;
    this.#lastMs = now;
  }

  /** When the last one came; -Infinity before the first. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Within this the next one mostly comes; Infinity before enough have come. */
  get gapMs(): number {
    this.#sorted.set(this.#gapsMs);
    return this.#sorted.sort()[COUNTED] ?? Infinity;
  }
}
