import type { Piece } from "./piece.ts";
import type { Ticket } from "./ticket.ts";

interface Back<T> {
  piece: Piece<T>;
  ticket: Ticket<T>;
}

interface Group<T> {
  members: Back<T>[];
  /** A batch of exactly these. */
  isAlone: boolean;
}

/** What was dispatched once and must run again, before everything else, in the order of arrival. There are never many. */
export class PutBack<T> {
  #groups: Group<T>[] = [];

  /** When the oldest of them arrived. */
  get oldestMs(): number {
    return this.#peek()?.members[0]?.piece.arrivedMs ?? Infinity;
  }

  get isEmpty(): boolean {
    return this.#peek() === undefined;
  }

  push(members: Back<T>[], isAlone: boolean): void {
    const [first] = members;
    if (!first) return;
    const at = this.#groups.findIndex(({ members: [other] }) => other && isBefore(first, other));
    this.#groups.splice(at < 0 ? this.#groups.length : at, 0, { members, isAlone });
  }

  /** Moves up to `room` items into a batch that is empty yet; is it complete with that? */
  take(room: number, onTaken: (member: Back<T>) => void): boolean {
    let left = room;
    for (let group = this.#peek(); group && left > 0; group = this.#peek()) {
      if (group.isAlone && left < room) return true;
      left -= takeMembers(group, left, onTaken);
      if (group.isAlone) return true;
    }
    return left === 0;
  }

  /** The first group that is not gone. */
  #peek(): Group<T> | undefined {
    for (;;) {
      const group = this.#groups[0];
      if (!group) return undefined;
      group.members = group.members.filter(({ ticket }) => !ticket.isGone);
      if (group.members.length > 0) return group;
      this.#groups.shift();
    }
  }
}

function takeMembers<T>(group: Group<T>, room: number, onTaken: (member: Back<T>) => void): number {
  let left = room;
  while (left > 0) {
    const member = group.members.shift();
    if (!member) break;
    const { piece, ticket } = member;
    const rows = Math.min(left, piece.rows);
    onTaken({ ticket, piece: { ...piece, rows } });
    left -= rows;
    if (rows < piece.rows) {
      const rest = { ...piece, from: piece.from + rows, rows: piece.rows - rows };
      group.members.unshift({ ticket, piece: rest });
    }
  }
  return room - left;
}

function isBefore<T>({ piece: a }: Back<T>, { piece: b }: Back<T>): boolean {
  return a.order < b.order || (a.order === b.order && a.from < b.from);
}
