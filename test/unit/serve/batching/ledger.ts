import { expect } from "bun:test";
import { Batcher, type Piece } from "../../../../src/serve/batcher.ts";
import type { Chance } from "../../../support/chance.ts";
import { entryOf, type Entry } from "./entries.ts";

type State = "waiting" | "running" | "done";
type Batch = readonly Piece<string>[];

/** Drives a batcher at random and keeps its own books of every item; whatever differs fails. */
export class Ledger {
  readonly batcher: Batcher<string>;
  readonly #maxBatchRows: number;
  readonly #chance: Chance;
  readonly #items = new Map<Entry, State[]>();
  readonly #gone = new Set<Entry>();
  readonly #running: Batch[] = [];
  /** What was put back and must run alone. */
  readonly #alone = new Set<string>();
  /** The order of arrival, and the last that was dispatched for the first time, by client and priority. */
  readonly #orders = new Map<Entry, number>();
  readonly #last = new Map<string, number>();
  readonly #tried = new Set<Entry>();
  #now = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.#maxBatchRows = chance.pick([1, 2, 7, 16]);
    const timeoutMs = chance.pick([0, 5]);
    this.batcher = new Batcher({ maxBatchRows: this.#maxBatchRows, timeoutMs, maxQueuedRows: 1e9 });
  }

  step(): void {
    this.#now += this.#chance.pick([0, 0, 0.1, 1, 3]);
    const step = this.#chance.integer(1, 20);
    if (step <= 8) this.#add();
    else if (step <= 13) this.#next();
    else if (step <= 17) this.#end();
    else if (step <= 19) this.#remove();
    else this.#expire();
    this.#compare();
  }

  /** Lets everything end that has not, and looks whether every item ran exactly once. */
  finish(): void {
    for (let turns = 0; this.batcher.queuedRows > 0 || this.#running.length > 0; turns++) {
      expect(turns).toBeLessThan(100_000);
      this.#now += 1;
      this.#expire();
      this.#next();
      this.#finishOldest();
      this.#compare();
    }
    for (const [entry, items] of this.#items) {
      if (!this.#gone.has(entry)) expect(items.every((state) => state === "done")).toBe(true);
    }
  }

  #add(): void {
    const chance = this.#chance;
    const entry = entryOf(`entry ${this.#items.size}`, {
      rows: chance.pick([1, 1, 1, 2, 5, 40]),
      client: chance.pick(["a", "b", "c"]),
      priority: chance.pick([0, 0, 0, 1, 9]),
      deadline: chance.pick([Infinity, Infinity, this.#now + chance.integer(0, 60)]),
    });
    this.#orders.set(entry, this.#items.size);
    this.#items.set(
      entry,
      Array.from({ length: entry.rows }, () => "waiting"),
    );
    expect(this.batcher.add(entry, this.#now).ok).toBe(true);
  }

  #next(): void {
    this.#expire();
    const turn = this.batcher.next(this.#now, { free: this.#chance.integer(1, 2), workers: 2 });
    if (!turn) {
      expect(this.batcher.queuedRows).toBe(0);
      return;
    }
    if ("waitMs" in turn) {
      expect(turn.waitMs).toBeGreaterThan(0);
      expect(turn.waitMs).toBeLessThanOrEqual(5);
      return;
    }
    this.#running.push(turn.batch);
    const rows = turn.batch.reduce((sum, piece) => sum + piece.rows, 0);
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThanOrEqual(this.#maxBatchRows);
    if (turn.batch.some((piece) => this.#alone.has(keyOf(piece)))) {
      expect(turn.batch).toHaveLength(1);
    }
    for (const piece of turn.batch) this.#started(piece);
  }

  #started(piece: Piece<string>): void {
    const { entry, from } = piece;
    this.#alone.delete(keyOf(piece));
    expect(this.#gone.has(entry)).toBe(false);
    expect(entry.deadline).toBeGreaterThan(this.#now);
    this.#mark(piece, "waiting", "running");
    if (from > 0 || this.#tried.has(entry)) return;
    this.#tried.add(entry);
    const line = `${entry.client} ${entry.priority}`;
    const order = this.#orders.get(entry) ?? -1;
    expect(order).toBeGreaterThan(this.#last.get(line) ?? -1);
    this.#last.set(line, order);
  }

  /** One of those that run is answered, or dies and is put back. */
  #end(): void {
    const { length } = this.#running;
    if (length === 0) return;
    const [batch] = this.#running.splice(this.#chance.integer(0, length - 1), 1);
    if (!batch) return;
    if (this.#chance.next() < 0.7) return this.#answer(batch);
    this.batcher.onBatchEnd(batch, { now: this.#now, ms: undefined });
    const living = batch.filter(({ entry }) => !this.#gone.has(entry));
    for (const piece of living) {
      this.#mark(piece, "running", "waiting");
      this.#alone.add(keyOf(piece));
    }
    this.batcher.putBack(living);
  }

  #finishOldest(): void {
    const batch = this.#running.shift();
    if (batch) this.#answer(batch);
  }

  #answer(batch: Batch): void {
    this.batcher.onBatchEnd(batch, { now: this.#now, ms: this.#chance.next() * 10 });
    for (const piece of batch) {
      if (!this.#gone.has(piece.entry)) this.#mark(piece, "running", "done");
    }
  }

  #remove(): void {
    const entries = [...this.#items.keys()];
    if (entries.length === 0) return;
    const entry = this.#chance.pick(entries);
    const isWaiting = !this.#gone.has(entry) && this.#items.get(entry)?.includes("waiting");
    expect(this.batcher.remove(entry)).toBe(isWaiting === true);
    if (isWaiting) this.#gone.add(entry);
  }

  #expire(): void {
    const due = [...this.#items].filter(
      ([entry, items]) =>
        entry.deadline <= this.#now && !this.#gone.has(entry) && items.includes("waiting"),
    );
    const expired = this.batcher.expire(this.#now);
    expect(new Set(expired)).toEqual(new Set(due.map(([entry]) => entry)));
    expect(expired).toHaveLength(due.length);
    for (const entry of expired) this.#gone.add(entry);
  }

  #mark({ entry, from, rows }: Piece<string>, was: State, is: State): void {
    const items = this.#items.get(entry) ?? [];
    for (let row = from; row < from + rows; row++) {
      expect(items[row]).toBe(was);
      items[row] = is;
    }
  }

  #compare(): void {
    let [waiting, nearest] = [0, Infinity];
    for (const [entry, items] of this.#items) {
      if (this.#gone.has(entry)) continue;
      const rows = items.filter((state) => state === "waiting").length;
      waiting += rows;
      if (rows > 0) nearest = Math.min(nearest, entry.deadline);
    }
    expect(this.batcher.queuedRows).toBe(waiting);
    expect(this.batcher.nextDeadline).toBe(nearest);
  }
}

function keyOf({ entry, from }: Piece<string>): string {
  return `${entry.value} ${from}`;
}
