import type { Lane } from "./lane.ts";
import { Lanes, type LanesOptions } from "./lanes.ts";
import type { Loop, OnEnd } from "./loop.ts";
import { Schedule, type Distribution } from "./schedule.ts";

/** A load of so many requests a second. */
export interface OpenLoad {
  readonly perSecond: number;
  readonly distribution: Distribution;
  /** Most connections at a time; what is due when all are busy waits, and its time counts. */
  readonly connections: number;
  readonly chance: () => number;
}

/**
 * Requests by a schedule, whether those before have their answers or not. A
 * request's time counts from when it was due, which keeps the figures free of
 * coordinated omission: one that waits because a slow answer holds its
 * connection is slow too. Only where a connection stood idle
 * and this program was late itself does it count from when it was sent; how
 * late that was is told apart, as the lag.
 */
export class OpenLoop implements Loop {
  readonly #load: OpenLoad;
  readonly #lanes: Lanes;
  readonly #onEnd: OnEnd;
  readonly #free: Lane[] = [];
  #schedule: Schedule | undefined;
  #timer: NodeJS.Timeout | undefined;
  #untilMs = Infinity;
  #isStopped = false;

  constructor(load: OpenLoad, options: LanesOptions, onEnd: OnEnd) {
    this.#load = load;
    this.#onEnd = onEnd;
    this.#lanes = new Lanes(options, (lane) => this.#goOn(lane));
  }

  start(): void {
    const { perSecond, distribution, chance } = this.#load;
    this.#schedule = new Schedule(performance.now(), perSecond, { distribution, chance });
    this.#sendDue();
  }

  /** What is due by now is still sent, and waited for. */
  async finish(graceMs: number): Promise<void> {
    this.#untilMs = performance.now();
    this.#sendDue();
    await this.#lanes.drain(graceMs, () => (this.#isStopped = true));
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#giveUpDue();
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#lanes[Symbol.dispose]();
  }

  #goOn(lane: Lane): void {
    this.#onEnd(lane);
    this.#free.push(lane);
    this.#sendDue();
  }

  #sendDue(): void {
    const schedule = this.#schedule;
    if (!schedule || this.#isStopped) return;
    const nowMs = performance.now();
    const endMs = Math.min(nowMs, this.#untilMs);
    while (schedule.nextMs <= endMs) {
      // The one that is free the longest: was it free in time, nobody had to wait for an answer.
      const lane = this.#free.shift() ?? this.#added(schedule.nextMs);
      if (!lane) return; // the next that ends goes on from here
      const dueMs = schedule.take();
      const wasFree = lane.freeSinceMs <= dueMs;
      lane.lagMs = wasFree ? nowMs - dueMs : 0;
      this.#lanes.send(lane, wasFree ? nowMs : dueMs);
    }
    // A timer that is set already comes early enough.
    if (this.#timer !== undefined || schedule.nextMs > this.#untilMs) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sendDue();
    }, schedule.nextMs - nowMs);
  }

  /** For these no connection became free; leaving them out would make the server look faster than it is. */
  #giveUpDue(): void {
    while (this.#schedule && this.#schedule.nextMs <= this.#untilMs) {
      const countsFromMs = this.#schedule.take();
      this.#onEnd({ countsFromMs, lagMs: 0, failure: "unanswered", status: 0, refusal: "" });
    }
  }

  #added(freeSinceMs: number): Lane | undefined {
    if (this.#lanes.size >= this.#load.connections) return undefined;
    const lane = this.#lanes.add();
    lane.freeSinceMs = freeSinceMs;
    return lane;
  }
}
