import { DingError } from "../../core/errors.ts";
import type { BatchEntry, Piece } from "./piece.ts";

/** An entry of which something waits. */
export class Ticket<T> {
  readonly order: number;
  readonly arrivedMs: number;
  readonly deadline: number;
  readonly priority: number;
  readonly client: string;
  /** It stands in the line of arrival; a ticket for what was put back does not. */
  readonly isListed: boolean;
  /** The first item that was never dispatched; all before it were. */
  nextRow: number;
  /** How many items wait that were dispatched once and put back. */
  backRows = 0;
  /** A long list that has begun, and takes turns with what came after it. */
  isLong = false;
  readonly #rows: number;
  #entry: BatchEntry<T> | undefined;
  /** What it has in the batch that is being built, and which that is. */
  #piece: { rows: number } | undefined;
  #batch = 0;

  constructor(entry: BatchEntry<T>, place: { order: number; arrivedMs: number; nextRow: number }) {
    this.#entry = entry;
    this.#rows = entry.rows;
    this.deadline = entry.deadline;
    this.priority = entry.priority;
    this.client = entry.client;
    this.isListed = place.nextRow === 0;
    this.order = place.order;
    this.arrivedMs = place.arrivedMs;
    this.nextRow = place.nextRow;
  }

  /** Nothing of it waits any more. */
  get isGone(): boolean {
    return this.#entry === undefined;
  }

  get entry(): BatchEntry<T> {
    if (this.#entry) return this.#entry;
    throw new DingError("internal.bug", "Cannot look into a ticket: it is gone");
  }

  /** Lets go of the entry: whoever still lists the ticket must not keep a request alive. */
  leave(): void {
    this.#entry = undefined;
    this.#piece = undefined;
  }

  /** How many items wait that were never dispatched. */
  get freshRows(): number {
    return this.#rows - this.nextRow;
  }

  get isBegun(): boolean {
    return this.nextRow > 0;
  }

  /** Moves its next items into batch number `batch`, behind those that are there already. */
  takeRows(rows: number, batch: number, into: Piece<T>[]): void {
    if (this.#piece && this.#batch === batch) {
      this.#piece.rows += rows;
    } else {
      const { entry, order, arrivedMs } = this;
      const piece = { entry, from: this.nextRow, rows, order, arrivedMs };
      this.#piece = piece;
      this.#batch = batch;
      into.push(piece);
    }
    this.nextRow += rows;
  }
}
