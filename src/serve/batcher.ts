import { BatchCost } from "./batching/batch-cost.ts";
import { Deadlines } from "../core/deadlines.ts";
import { Levels } from "./batching/levels.ts";
import { Line } from "./batching/line.ts";
import { patienceMs } from "./batching/patience.ts";
import type { BatchEntry, Piece } from "./batching/piece.ts";
import { PutBack } from "./batching/put-back.ts";
import { Returns } from "./batching/returns.ts";
import { Running } from "./batching/running.ts";
import { Ticket } from "./batching/ticket.ts";

export type { BatchEntry, Piece } from "./batching/piece.ts";

/** How a batcher batches. */
export interface BatcherOptions {
  /** Never more items than these in a batch. */
  readonly maxBatchRows: number;
  /** The longest that a batch is held back for more, counted from its first item, or from when a worker was free for it; 0 is never. */
  readonly timeoutMs: number;
  /** More are refused; one longer request is taken when nothing else waits. */
  readonly maxQueuedRows: number;
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

/** What a refused client is told before any batch has shown what it costs, and at most. */
const UNKNOWN_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** Who was answered so many batches ago and has not asked again does not come back for this one. */
const PATIENCE_BATCHES = 4;
const LEAST_PATIENCE_MS = 20;

/**
 * What runs next, and with what together. A pure state machine: it has no timers, `now` comes in,
 * and the host asks `next()` after anything has happened, best once a turn of the event loop.
 *
 * An entry waits as a ticket in the line of its client, in the level of its priority; each step costs the
 * same however many wait. A batch goes as soon as a worker is free, unless those who were just answered
 * are about to ask again and more would be done in less time with them (`batching/patience.ts`).
 */
export class Batcher<T> {
  /** Never more items than these in a batch, from the next one on. */
  maxBatchRows: number;
  readonly #options: BatcherOptions;
  readonly #tickets = new Map<BatchEntry<T>, Ticket<T>>();
  readonly #levels = new Levels<T>();
  readonly #arrivals = new Line<Ticket<T>>();
  readonly #deadlines = new Deadlines<Ticket<T>>();
  readonly #putBack = new PutBack<T>();
  readonly #running: Running<T>;
  readonly #cost = new BatchCost();
  readonly #returns = new Returns();
  #queuedRows = 0;
  #order = 0;
  #workers = 1;
  /** Since when the next batch could have gone. */
  #heldSinceMs: number | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.maxBatchRows = options.maxBatchRows;
    this.#running = new Running(this.#cost);
  }

  /** How many items wait. */
  get queuedRows(): number {
    return this.#queuedRows;
  }

  /** How many may wait. */
  get maxQueuedRows(): number {
    return this.#options.maxQueuedRows;
  }

  /** Do enough wait for a full batch? */
  get isFull(): boolean {
    return this.#queuedRows >= this.maxBatchRows;
  }

  /** Do items of different priorities wait? */
  get isMixed(): boolean {
    return this.#levels.isMixed;
  }

  /** How long a full batch is expected to take; 0 before any has run. */
  get batchMs(): number {
    return this.#cost.of(this.maxBatchRows);
  }

  /** When the next one expires; Infinity when none does. */
  get nextDeadline(): number {
    return this.#deadlines.next;
  }

  /** How long the oldest has waited; 0 when none waits. */
  oldestWaitMs(now: number): number {
    const oldestMs = Math.min(this.#arrivals.peek()?.arrivedMs ?? Infinity, this.#putBack.oldestMs);
    return Math.max(0, now - Math.min(oldestMs, now));
  }

  /** Is there room for so many items more? */
  hasRoom(rows: number): boolean {
    return this.#queuedRows === 0 || this.#queuedRows + rows <= this.#options.maxQueuedRows;
  }

  /** Takes it into the queue, or says when there will be room. */
  add(entry: BatchEntry<T>, now: number): { ok: true } | { ok: false; retryAfterMs: number } {
    this.#returns.onRequest(now);
    if (!this.hasRoom(entry.rows)) return { ok: false, retryAfterMs: this.#retryAfterMs() };
    const place = { order: this.#order++, arrivedMs: now, nextRow: 0 };
    const ticket = this.#issue(entry, place);
    this.#levels.push(ticket);
    this.#arrivals.push(ticket);
    this.#queuedRows += entry.rows;
    return { ok: true };
  }

  /** The next batch; undefined when nothing waits or nobody is free. Call `expire()` before. */
  next(now: number, { free, workers }: Capacity): Turn<T> | undefined {
    this.#workers = workers;
    if (free < 1 || this.#queuedRows < 1) {
      this.#heldSinceMs = undefined;
      return undefined;
    }
    this.#heldSinceMs ??= now;
    const waitMs = this.#patienceMs(now, free, this.#heldSinceMs);
    if (waitMs > 0) return { waitMs };
    this.#heldSinceMs = undefined;
    const batch = this.#build(now, { free, workers });
    this.#running.onStart(batch, now);
    return { batch };
  }

  /** Said once of each batch that `next()` gave, whatever became of it; teaches the cost. */
  onBatchEnd(batch: readonly Piece<T>[], { now, ms }: BatchEnd): void {
    const rows = this.#running.onEnd(batch);
    if (rows === undefined || ms === undefined) return;
    this.#cost.learn(rows, ms);
    // A list is answered when its last part is; this looks at it as if parts ended in order.
    let [entries, entryRows] = [0, 0];
    for (const piece of batch) {
      if (piece.from + piece.rows !== piece.entry.rows) continue;
      entries += 1;
      entryRows += piece.entry.rows;
    }
    this.#returns.onAnswer(entries, entryRows, now);
  }

  /** Puts pieces of a batch that has ended to the front, before everything else, each as a batch of its own. */
  putBack(pieces: readonly Piece<T>[]): void {
    for (const piece of pieces) {
      const ticket = this.#tickets.get(piece.entry) ?? this.#reissue(piece);
      ticket.backRows += piece.rows;
      this.#queuedRows += piece.rows;
      this.#putBack.push({ piece, ticket });
    }
  }

  /** Takes out what still waits of it; false when nothing does. What was dispatched is the host's affair. */
  remove(entry: BatchEntry<T>): boolean {
    const ticket = this.#tickets.get(entry);
    if (ticket) this.#drop(ticket);
    return ticket !== undefined;
  }

  /** Takes out those whose deadline has passed, and gives each once; parts of it may run. */
  expire(now: number): BatchEntry<T>[] {
    const expired: BatchEntry<T>[] = [];
    for (let due = this.#deadlines.due(now); due; due = this.#deadlines.due(now)) {
      expired.push(due.entry);
      this.#drop(due);
    }
    return expired;
  }

  /** Takes out all, and gives each entry once. */
  clear(): BatchEntry<T>[] {
    const entries = [...this.#tickets.keys()];
    for (const ticket of this.#tickets.values()) this.#drop(ticket);
    return entries;
  }

  #issue(entry: BatchEntry<T>, place: ConstructorParameters<typeof Ticket<T>>[1]): Ticket<T> {
    const ticket = new Ticket(entry, place);
    this.#tickets.set(entry, ticket);
    if (entry.deadline < Infinity) this.#deadlines.push(ticket);
    return ticket;
  }

  /** For a piece of an entry of which nothing waits. */
  #reissue({ entry, order, arrivedMs }: Piece<T>): Ticket<T> {
    return this.#issue(entry, { order, arrivedMs, nextRow: entry.rows });
  }

  /** Takes a ticket out of its line, with all that waits of it. */
  #drop(ticket: Ticket<T>): void {
    const { freshRows, backRows } = ticket;
    this.#queuedRows -= freshRows + backRows;
    this.#finish(ticket);
    if (freshRows > 0) this.#levels.onGone(ticket, freshRows);
  }

  /** Nothing waits of it any more. */
  #finish(ticket: Ticket<T>): void {
    this.#tickets.delete(ticket.entry);
    ticket.leave();
    if (ticket.deadline < Infinity) this.#deadlines.onGone();
    if (ticket.isListed) this.#arrivals.onGone();
  }

  #patienceMs(now: number, free: number, sinceMs: number): number {
    const { timeoutMs } = this.#options;
    const { maxBatchRows } = this;
    const queuedRows = this.#queuedRows;
    // What was put back has waited long enough; and into a full queue nobody comes.
    const most = Math.min(maxBatchRows, this.#options.maxQueuedRows);
    if (queuedRows >= most || !this.#putBack.isEmpty) return 0;
    const limitMs = Math.min(sinceMs + timeoutMs, this.nextDeadline) - now;
    const longMs = Math.max(
      LEAST_PATIENCE_MS,
      timeoutMs + PATIENCE_BATCHES * this.#cost.of(maxBatchRows),
    );
    this.#returns.giveUp(now, longMs);
    return patienceMs({ now, queuedRows, maxBatchRows, free, limitMs }, this.#cost, this.#returns);
  }

  #build(now: number, capacity: Capacity): readonly Piece<T>[] {
    const room = Math.min(this.maxBatchRows, this.#queuedRows);
    const back = this.#putBack.take(room);
    if (back) {
      const { piece, ticket } = back;
      this.#queuedRows -= piece.rows;
      ticket.backRows -= piece.rows;
      this.#finishIfEmpty(ticket);
      return [piece];
    }
    const pieces: Piece<T>[] = [];
    const share = this.#running.fairShare(room, this.#queuedRows, { now, ...capacity });
    const onEmpty = (ticket: Ticket<T>): void => this.#finishIfEmpty(ticket);
    this.#queuedRows -= this.#levels.take(share, pieces, onEmpty);
    return pieces;
  }

  #finishIfEmpty(ticket: Ticket<T>): void {
    if (ticket.freshRows === 0 && ticket.backRows === 0) this.#finish(ticket);
  }

  #retryAfterMs(): number {
    if (!this.#cost.isKnown || this.#workers < 1) return UNKNOWN_RETRY_MS;
    const { maxBatchRows } = this;
    const batches = Math.ceil(this.#queuedRows / maxBatchRows / this.#workers);
    return Math.min(Math.ceil(batches * this.#cost.of(maxBatchRows)) + 1, LONGEST_RETRY_MS);
  }
}
