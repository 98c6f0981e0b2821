import { Line } from "./line.ts";
import type { Piece } from "./piece.ts";
import type { Ticket } from "./ticket.ts";

/** A batch that is being built. */
export interface Batch<T> {
  readonly batch: number;
  readonly pieces: Piece<T>[];
}

/** Hears of a ticket of which nothing waits any more. */
export type Emptied<T> = (ticket: Ticket<T>) => void;

/** A list of which more than this many turns are left is long. */
const LONG_TURNS = 4;

/**
 * The requests of one client, in order. Behind one address there may be many who ask: so a long list, once begun,
 * leaves half of each turn to what came after it, and long lists take turns.
 */
export class ClientLine<T> {
  readonly client: string;
  isGone = false;
  readonly #line = new Line<Ticket<T>>();
  readonly #long = new Line<Ticket<T>>();
  /** Who gets the larger half. */
  #isLongFirst = false;

  constructor(client: string) {
    this.client = client;
  }

  get size(): number {
    return this.#line.size + this.#long.size;
  }

  push(ticket: Ticket<T>): void {
    this.#line.push(ticket);
  }

  /** Said of a ticket that has gone from here before its turn. */
  onGone({ isLong }: Ticket<T>): void {
    (isLong ? this.#long : this.#line).onGone();
  }

  /** Moves up to `share` items into a batch. */
  take(share: number, into: Batch<T>, onEmpty: Emptied<T>): number {
    if (this.#long.size === 0) return this.#takeNext(share, into, onEmpty);
    this.#isLongFirst = !this.#isLongFirst;
    const half = this.#isLongFirst ? Math.ceil(share / 2) : Math.floor(share / 2);
    let left = share - this.#takeLong(this.#line.size > 0 ? half : share, into, onEmpty);
    left -= this.#takeNext(left, into, onEmpty);
    return share - left + this.#takeLong(left, into, onEmpty);
  }

  #takeNext(room: number, into: Batch<T>, onEmpty: Emptied<T>): number {
    const left = takeFrom(this.#line, { room, into, onEmpty });
    const begun = left < room ? this.#line.peek() : undefined;
    if (begun && begun.isBegun && begun.freshRows > LONG_TURNS * room) {
      begun.isLong = true;
      this.#line.shift();
      this.#long.push(begun);
    }
    return room - left;
  }

  #takeLong(room: number, into: Batch<T>, onEmpty: Emptied<T>): number {
    const left = takeFrom(this.#long, { room, into, onEmpty });
    const begun = left < room ? this.#long.shift() : undefined;
    if (begun) this.#long.push(begun);
    return room - left;
  }
}

/** Takes from the first, then from the next; gives what room is left. The one that has more than there is room for stays. */
function takeFrom<T>(
  line: Line<Ticket<T>>,
  { room, into, onEmpty }: { room: number; into: Batch<T>; onEmpty: Emptied<T> },
): number {
  let left = room;
  for (let ticket = line.peek(); ticket && left > 0; ticket = line.peek()) {
    const rows = Math.min(left, ticket.freshRows);
    ticket.takeRows(rows, into.batch, into.pieces);
    left -= rows;
    if (ticket.freshRows > 0) break;
    line.shift();
    onEmpty(ticket);
  }
  return left;
}
