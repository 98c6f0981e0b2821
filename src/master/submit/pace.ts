/** A slave is never handed more waiting work than it does in this time: what waits there cannot go elsewhere. */
const AHEAD_MS = 100;
const MAX_AHEAD = 256;
/** How much the newest task counts. */
const WEIGHT = 0.2;

/** How many tasks a slave's queue should hold: many when tasks are short, none when they are long. */
export class Pace {
  #taskMs = Infinity;

  /** A task took `ms` on a slave that ran `concurrency` at a time and had `held` when it came in, itself counted. */
  add(ms: number, { concurrency, held }: { concurrency: number; held: number }): void {
    const ownMs = (ms * concurrency) / Math.max(concurrency, held);
    this.#taskMs =
      this.#taskMs === Infinity ? ownMs : this.#taskMs + WEIGHT * (ownMs - this.#taskMs);
  }

  /** The tasks to send beyond those that run; none as long as nothing is known. */
  ahead(concurrency: number): number {
    if (this.#taskMs === Infinity) return 0;
    return Math.min(
      MAX_AHEAD,
      Math.floor((AHEAD_MS * concurrency) / Math.max(this.#taskMs, 0.001)),
    );
  }
}
