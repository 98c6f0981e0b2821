import type { BatchEntry, Piece } from "./batching/piece.ts";

export type { BatchEntry, Piece } from "./batching/piece.ts";

/** How a batcher batches. */
export interface BatcherOptions {
  /** Never more items than these in a batch. */
  readonly maxBatchRows: number;
  /** The longest that a batch is held back for more, counted from its first item; 0 is never. */
  readonly timeoutMs: number;
  /** More are refused; one longer request is taken when nothing else waits. */
  readonly maxQueuedRows: number;
  /** What priority 0 means; default 5. */
  readonly defaultPriority?: number;
}

/** Who could run a batch. */
export interface Capacity {
  /** Workers that could start one right now. */
  readonly free: number;
  /** All that are alive. */
  readonly workers: number;
}

/** What to do now: run this, or ask again after so long (or when anything has happened). */
export type Turn<T> = { readonly batch: readonly Piece<T>[] } | { readonly waitMs: number };

/** How a batch ended. */
export interface BatchEnd {
  readonly now: number;
  /** From the hand-over to the answer, as the host sees it; undefined when it failed, and so says nothing of the cost. */
  readonly ms: number | undefined;
}

/**
 * What runs next, and with what together. A pure state machine: it has no timers, `now` comes in,
 * and the host asks `next()` after anything has happened, best once a turn of the event loop.
 */
export class Batcher<T> {
  readonly #options: BatcherOptions;
  #queue: Piece<T>[] = [];
  #order = 0;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  /** How many items wait. */
  get queuedRows(): number {
    return this.#queue.reduce((rows, piece) => rows + piece.rows, 0);
  }

  /** How long the oldest has waited; 0 when none waits. */
  oldestWaitMs(now: number): number {
    const oldest = this.#queue[0];
    return oldest ? now - oldest.arrivedMs : 0;
  }

  /** When the next one expires; Infinity when none does. */
  get nextDeadline(): number {
    return Math.min(Infinity, ...this.#queue.map(({ entry }) => entry.deadline));
  }

  /** Takes it into the queue, or says when to come again. */
  add(entry: BatchEntry<T>, now: number): { ok: true } | { ok: false; retryAfterMs: number } {
    const queued = this.queuedRows;
    if (queued > 0 && queued + entry.rows > this.#options.maxQueuedRows) {
      return { ok: false, retryAfterMs: 1_000 };
    }
    this.#queue.push({ entry, from: 0, rows: entry.rows, order: this.#order++, arrivedMs: now });
    return { ok: true };
  }

  /** The next batch; undefined when nothing waits or nobody is free. Call `expire()` before. */
  next(_now: number, { free }: Capacity): Turn<T> | undefined {
    const batch: Piece<T>[] = [];
    let room = this.#options.maxBatchRows;
    while (free > 0 && room > 0) {
      const piece = this.#queue.shift();
      if (!piece) break;
      const rows = Math.min(room, piece.rows);
      batch.push({ ...piece, rows });
      if (rows < piece.rows) {
        this.#queue.unshift({ ...piece, from: piece.from + rows, rows: piece.rows - rows });
      }
      room -= rows;
    }
    return batch.length > 0 ? { batch } : undefined;
  }

  /** Said once of each batch that `next()` gave, whatever became of it; teaches the cost. */
  onBatchEnd(_batch: readonly Piece<T>[], _end: BatchEnd): void {}

  /**
   * Puts pieces of a batch that has ended to the front, before everything else. With `solo: true` each of
   * them is a batch of its own, with "together" all of them are exactly one batch; false lets others join.
   */
  putBack(pieces: readonly Piece<T>[], _how: { solo: boolean | "together" }): void {
    this.#queue.unshift(...pieces);
  }

  /** Takes out what still waits of it; false when nothing does. What was dispatched is the host's affair. */
  remove(entry: BatchEntry<T>): boolean {
    const length = this.#queue.length;
    this.#queue = this.#queue.filter((piece) => piece.entry !== entry);
    return this.#queue.length < length;
  }

  /** Takes out those whose deadline has passed, and gives each once; parts of it may run. */
  expire(now: number): BatchEntry<T>[] {
    return this.#take((piece) => piece.entry.deadline <= now);
  }

  /** Takes out all, and gives each entry once. */
  clear(): BatchEntry<T>[] {
    return this.#take(() => true);
  }

  #take(isGone: (piece: Piece<T>) => boolean): BatchEntry<T>[] {
    const gone = new Set(this.#queue.filter(isGone).map(({ entry }) => entry));
    this.#queue = this.#queue.filter(({ entry }) => !gone.has(entry));
    return [...gone];
  }
}
