/** What one end of a link hears. */
export interface LinkEvents {
  /** One whole frame; frames arrive in the order in which they were sent. */
  frame(bytes: Uint8Array): void;
  /** Once; nothing follows. */
  close(reason: string): void;
}

/** Nobody has much to say before it is listened to; who has anyway is no friend. */
const EARLY_LIMIT_BYTES = 1024 * 1024;

/**
 * One end of a two-way conversation by whole frames. It keeps no promise past
 * its own end: what was sent and not answered may have arrived or not.
 *
 *   open ── close() | terminate() | the other end is gone ──→ closed
 *
 * Frames that arrive before somebody listens wait for the listener, up to 1 MiB:
 * the link ends when more come.
 */
export abstract class Link {
  readonly peer: string;
  #events: LinkEvents | undefined;
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #earlyLimitBytes = EARLY_LIMIT_BYTES;
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
    this.#earlyBytes = 0;
    for (const frame of early) this.arrived(frame);
    if (this.#closedBecause !== undefined) events.close(this.#closedBecause);
  }

  /** Nobody listens for now: frames and the end wait for the next listener, who may allow for more than 1 MiB. */
  pause(earlyLimitBytes: number = EARLY_LIMIT_BYTES): void {
    this.#events = undefined;
    this.#earlyLimitBytes = earlyLimitBytes;
  }

  /** False when the link is closed or did not take the frame. */
  abstract send(frame: Uint8Array): boolean;

  /** True when everything that was sent is out of this process, in the system's hands; false where nobody can tell. */
  get hasLeft(): boolean {
    return false;
  }

  /** Resolves when that is so; never where nobody can tell. */
  left(): Promise<void> {
    return new Promise(() => {});
  }

  /** Says goodbye with a reason the other end may hear. */
  abstract close(reason: string): void;

  /** Ends it without waiting for the other end. */
  abstract terminate(): void;

  /** For implementations: a frame came in. */
  protected arrived(frame: Uint8Array): void {
    if (this.#events) return this.#events.frame(frame);
    if (this.isClosed) return;
    this.#early.push(frame);
    this.#earlyBytes += frame.length;
    if (this.#earlyBytes <= this.#earlyLimitBytes) return;
    this.#early = [];
    this.terminate();
  }

  /** For implementations: the link has ended. Repetitions are ignored. */
  protected ended(reason: string): void {
    if (this.#closedBecause !== undefined) return;
    this.#closedBecause = reason;
    this.#events?.close(reason);
    this.#closed.resolve(reason);
  }
}
