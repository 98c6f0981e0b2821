/** What collectors count. */
export interface Counts {
  envStep: number;
  envEpisode: number;
}

/** More runs than any training has; the oldest is forgotten. */
const MOST_RUNS = 4_096;

/** What has been added since the last look, by the totals that each run has told. Pure. */
export class Totals {
  readonly #told = new Map<string, Counts>();
  #new: Counts = { envStep: 0, envEpisode: 0 };

  add(run: string, counts: Counts): void {
    const before = this.#told.get(run) ?? { envStep: 0, envEpisode: 0 };
    this.#new.envStep += Math.max(0, counts.envStep - before.envStep);
    this.#new.envEpisode += Math.max(0, counts.envEpisode - before.envEpisode);
    this.#told.delete(run);
    this.#told.set(run, counts);
    if (this.#told.size <= MOST_RUNS) return;
    for (const oldest of this.#told.keys()) {
      this.#told.delete(oldest);
      return;
    }
  }

  /** What is new; once. */
  take(): Counts {
    const taken = this.#new;
    this.#new = { envStep: 0, envEpisode: 0 };
    return taken;
  }
}
