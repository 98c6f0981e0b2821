/** What one end of a link hears. */
export interface LinkEvents {
  /** One whole frame; frames arrive in the order in which they were sent. */
  frame(bytes: Uint8Array): void;
  /** Once; nothing follows. */
  close(reason: string): void;
}

/**
 * One end of a two-way conversation by whole frames. It keeps no promise past
 * its own end: what was sent and not answered may have arrived or not.
 *
 *   open ── close() | terminate() | the other end is gone ──→ closed
 *
 * Frames that arrive before somebody listens wait for the listener.
 */
export abstract class Link {
  readonly peer: string;
  #events: LinkEvents | undefined;
  #early: Uint8Array[] = [];
  #closedBecause: string | undefined;
  readonly #closed = Promise.withResolvers<string>();

  constructor(peer: string) {
    this.peer = peer;
  }

  get isClosed(): boolean {
    return this.#closedBecause !== undefined;
  }

  /** Resolves with the reason when the link has ended, whoever listens. */
  get closed(): Promise<string> {
    return this.#closed.promise;
  }

  /** Takes over the link; who listened before hears nothing more. */
  listen(events: LinkEvents): void {
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    for (const frame of early) this.arrived(frame);
    if (this.#closedBecause !== undefined) events.close(this.#closedBecause);
  }

  /** Nobody listens for now: frames and the end wait for the next listener. */
  pause(): void {
    this.#events = undefined;
  }

  /** False when the link is closed or did not take the frame. */
  abstract send(frame: Uint8Array): boolean;

  /** Says goodbye with a reason the other end may hear. */
  abstract close(reason: string): void;

  /** Ends it without waiting for the other end. */
  abstract terminate(): void;

  /** For implementations: a frame came in. */
  protected arrived(frame: Uint8Array): void {
    if (this.#events) this.#events.frame(frame);
    else this.#early.push(frame);
  }

  /** For implementations: the link has ended. Repetitions are ignored. */
  protected ended(reason: string): void {
    if (this.#closedBecause !== undefined) return;
    this.#closedBecause = reason;
    this.#events?.close(reason);
    this.#closed.resolve(reason);
  }
}
