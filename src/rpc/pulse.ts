import type { Clock } from "../core/clock.ts";
import type { Heartbeat } from "./heartbeat.ts";

/** What the pulse of a link asks its owner to do. */
export interface PulseEvents {
  ping(): void;
  /** Nothing was heard for too long; the pulse has stopped. */
  silent(): void;
}

/** A heartbeat with its timer, for as long as one link stands. */
export class Pulse implements Disposable {
  readonly #heartbeat: Heartbeat;
  readonly #clock: Clock;
  readonly #events: PulseEvents;
  /** Between parent and child there is none, and nobody asks when something was heard. */
  readonly #isBeating: boolean;
  #timer: Disposable | undefined;

  constructor(heartbeat: Heartbeat, clock: Clock, events: PulseEvents) {
    this.#heartbeat = heartbeat;
    this.#clock = clock;
    this.#events = events;
    this.#isBeating = heartbeat.tickMs !== Infinity;
  }

  /** When something was last heard. */
  get heard(): number {
    return this.#heartbeat.heard;
  }

  /** Beats until it is disposed, or the other end is silent. */
  start(): void {
    if (!this.#isBeating) return;
    this.#timer = this.#clock.after(this.#heartbeat.tickMs, () => this.#beat());
  }

  onHeard(): void {
    if (this.#isBeating) this.#heartbeat.onHeard(this.#clock.now());
  }

  onSpoke(): void {
    if (this.#isBeating) this.#heartbeat.onSpoke(this.#clock.now());
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #beat(): void {
    const action = this.#heartbeat.tick(this.#clock.now());
    if (action === "silent") return this.#events.silent();
    this.start();
    if (action === "nothing") return;
    this.onSpoke();
    this.#events.ping();
  }
}
