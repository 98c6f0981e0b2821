import { ClientLine, type Batch, type Emptied } from "./client-line.ts";
import { Line } from "./line.ts";
import type { Ticket } from "./ticket.ts";

/** All that has one priority: its clients are served round robin, each in its own order. */
export class Level<T> {
  readonly priority: number;
  /** How many batches went by since something waited here and nothing was taken. */
  passedOver = 0;
  readonly #clients = new Map<string, ClientLine<T>>();
  readonly #ring = new Line<ClientLine<T>>();
  #rows = 0;

  constructor(priority: number) {
    this.priority = priority;
  }

  /** How many items wait here. */
  get rows(): number {
    return this.#rows;
  }

  push(ticket: Ticket<T>): void {
    const { client, rows } = ticket.entry;
    let line = this.#clients.get(client);
    if (!line) {
      line = new ClientLine(client);
      this.#clients.set(client, line);
      this.#ring.push(line);
    }
    line.push(ticket);
    this.#rows += rows;
  }

  /**
   * Moves up to `room` items into batch number `batch`; those with nothing left are told to `onEmpty`.
   * The clients share the room evenly; what one does not need is the others'.
   */
  take(room: number, into: Batch<T>, onEmpty: Emptied<T>): number {
    let left = room;
    while (left > 0 && this.#ring.size > 0) {
      const share = Math.max(1, Math.floor(left / this.#ring.size));
      for (let turns = this.#ring.size; turns > 0 && left > 0; turns--) {
        left -= this.#serve(Math.min(share, left), into, onEmpty);
      }
    }
    this.#rows -= room - left;
    return room - left;
  }

  /** Gives the first client in the ring its turn, and puts it at the end if more of it waits. */
  #serve(share: number, into: Batch<T>, onEmpty: Emptied<T>): number {
    const line = this.#ring.shift();
    if (!line) return 0;
    const taken = line.take(share, into, onEmpty);
    if (line.size > 0) this.#ring.push(line);
    else this.#close(line);
    return taken;
  }

  /** Said of a ticket that has gone from here before its turn. */
  onGone(ticket: Ticket<T>, rows: number): void {
    this.#rows -= rows;
    const line = this.#clients.get(ticket.client);
    if (!line) return;
    line.onGone(ticket);
    if (line.size > 0) return;
    this.#close(line);
    this.#ring.onGone();
  }

  /** It left the ring, or will be passed over there; if the client comes again, it is at the end. */
  #close(line: ClientLine<T>): void {
    line.isGone = true;
    this.#clients.delete(line.client);
  }
}
