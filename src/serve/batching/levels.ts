import { Level } from "./level.ts";
import type { Piece } from "./piece.ts";
import type { Ticket } from "./ticket.ts";

/** What 0 means: a request that says nothing. */
const DEFAULT_PRIORITY = 5;
const LAST_PRIORITY = 100;
/** Passed over by so many batches, a level is the first in the next one: nothing starves. */
const STARVED = 32;

/**
 * What waits, by priority: 1 goes first, 100 and above last. Whatever waits at another level is passed
 * over by no more than 32 batches (and one more for each level that has waited as long), then its level fills a batch first.
 */
export class Levels<T> {
  /** In order; few, and kept once they are there. */
  readonly #levels: Level<T>[] = [];
  #batches = 0;

  /** Do items of different priorities wait? */
  get isMixed(): boolean {
    let waiting = 0;
    for (const level of this.#levels) if (level.rows > 0) waiting += 1;
    return waiting > 1;
  }

  push(ticket: Ticket<T>): void {
    this.#levelOf(ticket).push(ticket);
  }

  /** Moves up to `room` items into a batch; tickets with nothing left are told to `onEmpty`. */
  take(room: number, pieces: Piece<T>[], onEmpty: (ticket: Ticket<T>) => void): number {
    const into = { batch: (this.#batches += 1), pieces };
    const starved = this.#starved();
    let left = room - (starved?.take(room, into, onEmpty) ?? 0);
    for (const level of this.#levels) {
      const isWaiting = level.rows > 0;
      const taken = isWaiting && left > 0 ? level.take(left, into, onEmpty) : 0;
      left -= taken;
      level.passedOver = isWaiting && taken === 0 && level !== starved ? level.passedOver + 1 : 0;
    }
    return room - left;
  }

  /** Said of a ticket that has gone before its turn. */
  onGone(ticket: Ticket<T>, rows: number): void {
    this.#levelOf(ticket).onGone(ticket, rows);
  }

  #starved(): Level<T> | undefined {
    let longest: Level<T> | undefined;
    for (const level of this.#levels) {
      if (level.passedOver >= Math.max(STARVED, (longest?.passedOver ?? 0) + 1)) longest = level;
    }
    return longest;
  }

  #levelOf({ priority: asked }: Ticket<T>): Level<T> {
    const priority = asked >= 1 ? Math.min(Math.floor(asked), LAST_PRIORITY) : DEFAULT_PRIORITY;
    const at = this.#levels.findIndex((level) => level.priority >= priority);
    const found = this.#levels[at];
    if (found?.priority === priority) return found;
    const level = new Level<T>(priority);
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, level);
    return level;
  }
}
