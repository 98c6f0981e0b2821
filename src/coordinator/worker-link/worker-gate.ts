import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { newId, randomToken } from "../../core/id.ts";
import type { Logger } from "../../core/log.ts";
import type { Link } from "../../link/link.ts";
import { SessionAcceptor, type Admission } from "../../rpc/accept.ts";
import type { Hello } from "../../rpc/handshake.ts";
import { Peer, type IncomingCall } from "../../rpc/peer.ts";
import type { Session } from "../../rpc/session.ts";
import { type LinkPort, linkTimes } from "./worker-link.ts";

/** Who answers one attempt's calls, such as inserts, samples, weights. */
export interface LinkDesk {
  answer: (call: IncomingCall) => void;
  /** The worker has dialled; `port` calls it. */
  opened?: (port: LinkPort) => void;
  /** The session is over; whatever still waits for this worker may be let go. */
  ended?: (error: DingError | undefined) => void;
}

interface Seat {
  desk: LinkDesk;
  session: Session | undefined;
}

/** The coordinator's end of the links: one session for each attempt that has a ticket, and none without. */
export class WorkerGate implements Disposable {
  readonly #acceptor: SessionAcceptor;
  readonly #seats = new Map<string, Seat>();

  constructor({ clock, log, toleranceMs }: { clock: Clock; log: Logger; toleranceMs?: number }) {
    this.#acceptor = new SessionAcceptor({
      ...linkTimes(toleranceMs),
      clock,
      boot: newId(),
      handshakeTimeoutMs: 10_000,
      admit: (hello) => Promise.resolve(this.#admit(hello)),
      onRejected: (link, { message }) =>
        log.warn(`link of a worker at ${link.peer} came to nothing: ${message}`),
    });
  }

  /** Sessions that are open. */
  get open(): number {
    return [...this.#seats.values()].filter(({ session }) => session !== undefined).length;
  }

  /** A ticket for one attempt; its calls go to the desk. */
  issue(desk: LinkDesk): string {
    const ticket = randomToken();
    this.#seats.set(ticket, { desk, session: undefined });
    return ticket;
  }

  /** The attempt is over: what its worker still says is not heard. Twice is once. */
  revoke(ticket: string): void {
    const seat = this.#seats.get(ticket);
    this.#seats.delete(ticket);
    seat?.session?.end();
  }

  /** Feed it every link that opens. */
  accept(link: Link): void {
    void this.#acceptor.accept(link);
  }

  [Symbol.dispose](): void {
    this.#seats.clear();
    this.#acceptor[Symbol.dispose]();
  }

  #admit({ data }: Hello): Admission {
    const { ticket } = (data ?? {}) as { ticket?: unknown };
    const seat = typeof ticket === "string" ? this.#seats.get(ticket) : undefined;
    if (!seat) {
      throw new DingError("peer.refused", "Cannot open link: its attempt is over, or never was");
    }
    // It has begun anew: what the first one said has been heard.
    seat.session?.end();
    return { welcome: null, listen: (session) => this.#open(seat, session) };
  }

  #open(seat: Seat, session: Session): ReturnType<Admission["listen"]> {
    const { desk } = seat;
    const peer = new Peer(session, { call: (call) => desk.answer(call) });
    seat.session = session;
    desk.opened?.(peer);
    return {
      message: (message) => peer.receive(message),
      detached: () => {},
      ended: (error) => {
        if (seat.session === session) seat.session = undefined;
        peer.end({ code: "network.closed", message: "The link has ended" });
        desk.ended?.(error);
      },
    };
  }
}
