import type { Session } from "../../rpc/session.ts";

/**
 * Sends answers while those behind them are still made: what was said to one client leaves as soon as something is said to
 * another, so that clients are at work before the whole batch is answered. The last ones leave at the end of the turn.
 */
export class Outflow {
  #last: Pick<Session, "flush"> | undefined;

  /** An answer was said to this client. */
  spoke(session: Pick<Session, "flush">): void {
    const last = this.#last;
    if (last === session) return;
    this.#last = session;
    last?.flush();
  }
}
