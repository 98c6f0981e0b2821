import type { DatabaseSync } from "node:sqlite";
import type { Job } from "../job.ts";
import { TakenJob, type TakingReceipt } from "./receipts.ts";
import { reasonsOf } from "./rows.ts";
import type { Place } from "./statements.ts";
import { prepareTakings, type TakingRow, type TakingStatements } from "./taking-statements.ts";

const ABOVE_ALL = 1_001;

/** A taking as this transaction sees it. */
interface Open extends TakingRow {
  isChanged: boolean;
}

/**
 * Jobs that were taken together for the first time: they have one lease, and their rows are touched again only when all
 * of them are done, unless one of them is more than acknowledged. Each call is one step inside of a transaction of
 * somebody else.
 */
export class Takings {
  readonly #sql: TakingStatements;
  /** Those that this transaction has asked for; undefined where there is none. */
  readonly #open = new Map<number, Open | undefined>();

  constructor(db: DatabaseSync, queue: number) {
    this.#sql = prepareTakings(db, queue);
  }

  /** The last step of a transaction; gives how many jobs are done that were counted until now. */
  finish(): number {
    let count = 0;
    for (const taking of this.#open.values()) if (taking?.isChanged) count += this.#write(taking);
    this.#open.clear();
    return count;
  }

  /** The transaction was not written. */
  undo(): void {
    this.#open.clear();
  }

  /** Those that nobody has had, of one priority, and before `back` in the line; undefined if there are none. */
  take(max: number, untilMs: number, back: Place | undefined): Job[] | undefined {
    for (const { priority, after } of this.#lines()) {
      if (back && priority < back.priority) return undefined;
      const end = back?.priority === priority ? back.seq : Number.MAX_SAFE_INTEGER;
      const rows = this.#sql.fresh.all(priority, after, end, max);
      const [first, last] = [rows[0], rows.at(-1)];
      if (!first || !last) continue;
      const { length } = rows;
      const none = new Uint8Array(Math.ceil(length / 8));
      this.#sql.begin(untilMs, priority, first.seq, last.seq, length, length, none);
      const token = this.#sql.newest.get()?.token ?? -1;
      return rows.map((row, place) => {
        const { seq, id, key, value, pushed_ms: pushedAtMs } = row;
        const facts = { id, key, value, priority, pushedAtMs, reasons: reasonsOf(row.reasons) };
        return new TakenJob(facts, seq, { token, first: first.seq, place });
      });
    }
    return undefined;
  }

  /** Is there a job that nobody has had? */
  hasFresh(): boolean {
    for (const { priority, after } of this.#lines()) {
      if (this.#sql.anyFresh.get(priority, after)) return true;
    }
    return false;
  }

  isHeld(receipt: TakingReceipt, nowMs: number): boolean {
    return (this.#takingOf(receipt)?.until_ms ?? 0) > nowMs;
  }

  /** It is done; false if it was before. */
  ack(receipt: TakingReceipt): boolean {
    const { place } = receipt;
    const taking = this.#takingOf(receipt);
    if (!taking || place < 0 || place >= taking.size || isDone(taking, place)) return false;
    taking.done[place >> 3] = (taking.done[place >> 3] ?? 0) | (1 << (place & 7));
    taking.left -= 1;
    taking.isChanged = true;
    return true;
  }

  /** From now on each of them has a lease of its own, with the same end; gives how many were done, and counted until now. */
  breakUp(receipt: TakingReceipt): number {
    const taking = this.#takingOf(receipt);
    return taking ? this.#breakUp(taking) : 0;
  }

  /** As `breakUp`, of all whose lease has ended. */
  breakUpEnded(nowMs: number): number {
    let count = 0;
    for (const { token } of this.#sql.ended.all(nowMs)) {
      const taking = this.#taking(token);
      if (taking) count += this.#breakUp(taking);
    }
    return count;
  }

  /** As `breakUp`, of all. */
  breakUpAll(): number {
    return this.breakUpEnded(Number.MAX_SAFE_INTEGER);
  }

  /** How many jobs there are in takings, done or not, and how many that are not. */
  counts(): { size: number; left: number } {
    let { size, left } = this.#sql.counts.get() ?? { size: 0, left: 0 };
    for (const taking of this.#open.values()) {
      // What this transaction has not written yet.
      if (taking?.isChanged) left += taking.left - (this.#sql.row.get(taking.token)?.left ?? 0);
    }
    return { size, left };
  }

  /** Numbers of takings come again, but no job is the first of two of them. */
  #takingOf({ token, first }: TakingReceipt): Open | undefined {
    const taking = this.#taking(token);
    return taking?.first === first ? taking : undefined;
  }

  #breakUp(taking: Open): number {
    const { token, until_ms, priority, first, last } = taking;
    this.#open.set(token, undefined);
    const places = this.#sql.places.all(priority, first, last);
    places.forEach(({ seq }, place) => void (isDone(taking, place) && this.#sql.remove(seq)));
    this.#sql.lend(until_ms, priority, first, last);
    this.#sql.end(token);
    return taking.size - taking.left;
  }

  #taking(token: number): Open | undefined {
    let taking = this.#open.get(token);
    if (taking || this.#open.has(token)) return taking;
    const row = this.#sql.row.get(token);
    taking = row && { ...row, isChanged: false };
    this.#open.set(token, taking);
    return taking;
  }

  #write({ token, priority, first, last, size, left, done }: Open): number {
    if (left > 0) {
      this.#sql.update(left, done, token);
      return 0;
    }
    this.#sql.removeAll(priority, first, last);
    this.#sql.end(token);
    return size;
  }

  /** Priorities that may have jobs nobody has had, the best first, and the last one that somebody has. */
  *#lines(): Generator<{ priority: number; after: number }> {
    let row = this.#sql.nextPriority.get(ABOVE_ALL);
    for (; row; row = this.#sql.nextPriority.get(row.priority)) {
      const { priority } = row;
      yield { priority, after: this.#sql.newestOf.get(priority)?.last ?? 0 };
    }
  }
}

function isDone({ done }: TakingRow, place: number): boolean {
  return ((done[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
}
