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
  #timer: Disposable | undefined;

  constructor(heartbeat: Heartbeat, clock: Clock, events: PulseEvents) {
    this.#heartbeat = heartbeat;
    this.#clock = clock;
    this.#events = events;
  }

  /** When something was last heard. */
  get heard(): number {
    return this.#heartbeat.heard;
  }

  /** Beats until it is disposed, or the other end is silent. */
  start(): void {
    const { tickMs } = this.#heartbeat;
    if (tickMs !== Infinity) this.#timer = this.#clock.after(tickMs, () => this.#beat());
  }

  onHeard(): void {
    this.#heartbeat.onHeard(this.#clock.now());
  }

  onSpoke(): void {
    this.#heartbeat.onSpoke(this.#clock.now());
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
