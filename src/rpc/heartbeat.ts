/** How often to speak, and how long to bear silence. */
export interface HeartbeatOptions {
  heartbeatMs: number;
  toleranceMs: number;
}

/** What a tick of the heartbeat asks for. */
export type HeartbeatAction = "nothing" | "ping" | "silent";

/**
 * Decides when an idle end speaks and when a silent one is given up. Pure: it
 * is told the time. Both ends speak by themselves, so no ping needs an answer.
 */
export class Heartbeat {
  readonly toleranceMs: number;
  readonly tickMs: number;
  readonly #pingMs: number;
  #heard: number;
  #spoke: number;
  #ticked: number;

  /** `peerToleranceMs` is how long the other end bears our silence. */
  constructor(options: HeartbeatOptions, peerToleranceMs: number, now: number) {
    this.toleranceMs = options.toleranceMs;
    this.#pingMs = Math.min(options.heartbeatMs, peerToleranceMs / 3);
    this.tickMs = Math.max(5, Math.min(this.#pingMs / 2, options.toleranceMs / 4));
    this.#heard = this.#spoke = this.#ticked = now;
  }

  /** When something was last heard. */
  get heard(): number {
    return this.#heard;
  }

  onHeard(now: number): void {
    this.#heard = now;
  }

  onSpoke(now: number): void {
    this.#spoke = now;
  }

  /** Call every `tickMs`. */
  tick(now: number): HeartbeatAction {
    const late = now - this.#ticked - this.tickMs;
    this.#ticked = now;
    // It was this process that slept (stopped, suspended, busy): what the other end said meanwhile is not read yet.
    if (late > this.toleranceMs / 2) this.#heard = now;
    if (now - this.#heard > this.toleranceMs) return "silent";
    return now - this.#spoke >= this.#pingMs ? "ping" : "nothing";
  }
}
