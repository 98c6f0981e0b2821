import type { BatchCost } from "./batch-cost.ts";
import type { Piece } from "./piece.ts";

interface Run {
  readonly rows: number;
  readonly startedMs: number;
}

/** Who could run a batch, at a moment. */
interface Moment {
  readonly now: number;
  readonly free: number;
  readonly workers: number;
}

/** The batches that run now. */
export class Running<T> {
  readonly #cost: BatchCost;
  readonly #runs = new Map<readonly Piece<T>[], Run>();
  #rows = 0;

  constructor(cost: BatchCost) {
    this.#cost = cost;
  }

  onStart(batch: readonly Piece<T>[], now: number): void {
    let rows = 0;
    for (const piece of batch) rows += piece.rows;
    this.#runs.set(batch, { rows, startedMs: now });
    this.#rows += rows;
  }

  /** How many items it had; undefined when it does not run. */
  onEnd(batch: readonly Piece<T>[]): number | undefined {
    const run = this.#runs.get(batch);
    if (!run) return undefined;
    this.#runs.delete(batch);
    this.#rows -= run.rows;
    return run.rows;
  }

  /**
   * How many of `rows` items, of all that wait, should go into one batch. All of them, unless each item costs
   * so much that it is sooner done when the workers share: then an even part, if another worker is there in time.
   */
  fairShare(rows: number, queuedRows: number, { now, free, workers }: Moment): number {
    const sharing = free > 1 ? queuedRows / free : (queuedRows + this.#rows) / workers;
    const even = Math.max(1, Math.ceil(sharing));
    const savedMs = this.#cost.perRowMs * (rows - even);
    if (savedMs <= 0 || savedMs < this.#cost.fixedMs / 2) return rows;
    return free > 1 || this.#nextEndMs(now) < savedMs ? even : rows;
  }

  /** How long until a worker is free, as far as the cost is known. */
  #nextEndMs(now: number): number {
    let soonest = Infinity;
    for (const { rows, startedMs } of this.#runs.values()) {
      soonest = Math.min(soonest, startedMs + this.#cost.of(rows) - now);
    }
    return Math.max(0, soonest);
  }
}
