import type { Piece } from "./piece.ts";
import type { Ticket } from "./ticket.ts";

interface Back<T> {
  readonly piece: Piece<T>;
  readonly ticket: Ticket<T>;
}

/** What was dispatched once and must run again: alone, before everything else, in the order of arrival. There is never much. */
export class PutBack<T> {
  readonly #waiting: Back<T>[] = [];

  /** When the oldest of them arrived. */
  get oldestMs(): number {
    return this.#peek()?.piece.arrivedMs ?? Infinity;
  }

  get isEmpty(): boolean {
    return this.#peek() === undefined;
  }

  push(back: Back<T>): void {
    const at = this.#waiting.findIndex((other) => isBefore(back, other));
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, back);
  }

  /** The next one, as far as there is room for its items: the rest of it stays. */
  take(room: number): Back<T> | undefined {
    const first = this.#peek();
    if (!first || first.piece.rows <= room) return first && this.#waiting.shift();
    const { piece, ticket } = first;
    const rest = { ...piece, from: piece.from + room, rows: piece.rows - room };
    this.#waiting[0] = { piece: rest, ticket };
    return { piece: { ...piece, rows: room }, ticket };
  }

  /** The first that is not gone. */
  #peek(): Back<T> | undefined {
    while (this.#waiting[0]?.ticket.isGone) this.#waiting.shift();
    return this.#waiting[0];
  }
}

function isBefore<T>({ piece: a }: Back<T>, { piece: b }: Back<T>): boolean {
  return a.order < b.order || (a.order === b.order && a.from < b.from);
}
