import { type Dial, Lane } from "./lane.ts";

/** What all lanes of a loop have in common. */
export interface LanesOptions {
  readonly dial: Dial;
  /** Whole requests, sent one after another, again and again; at least one. */
  readonly requests: readonly Uint8Array[];
  /** A request without an answer for so long has failed. */
  readonly timeoutMs: number;
}

const SWEEPS_PER_TIMEOUT = 20;
const MIN_SWEEP_MS = 5;
const MAX_SWEEP_MS = 250;

/** The clients of one loop: who is free, who has waited too long. Disposing cuts them all. */
export class Lanes implements Disposable {
  readonly #options: LanesOptions;
  readonly #onEnd: (lane: Lane) => void;
  readonly #all: Lane[] = [];
  readonly #sweeper: NodeJS.Timeout;
  #drained: (() => void) | undefined;
  #busy = 0;
  #next = 0;

  constructor(options: LanesOptions, onEnd: (lane: Lane) => void) {
    this.#options = options;
    this.#onEnd = onEnd;
    const everyMs = options.timeoutMs / SWEEPS_PER_TIMEOUT;
    const sweep = (): void => this.#cutLate(performance.now() - options.timeoutMs);
    this.#sweeper = setInterval(sweep, Math.min(Math.max(everyMs, MIN_SWEEP_MS), MAX_SWEEP_MS));
  }

  get size(): number {
    return this.#all.length;
  }

  /** One client more. */
  add(): Lane {
    const lane = new Lane(this.#options.dial, (ended) => {
      ended.freeSinceMs = performance.now();
      this.#busy -= 1;
      this.#onEnd(ended);
      if (this.#busy === 0) this.#drained?.();
    });
    this.#all.push(lane);
    return lane;
  }

  /** Sends the next request; its time counts from `countsFromMs`. */
  send(lane: Lane, countsFromMs: number): void {
    const { requests } = this.#options;
    const request = requests[this.#next] as Uint8Array;
    this.#next = (this.#next + 1) % requests.length;
    lane.countsFromMs = countsFromMs;
    this.#busy += 1;
    lane.send(request);
  }

  /** Waits until all have ended; after `graceMs` says so to `onLate` and cuts those that have not. */
  async drain(graceMs: number, onLate: () => void): Promise<void> {
    if (this.#busy === 0) return;
    const drained = Promise.withResolvers<void>();
    this.#drained = drained.resolve;
    const timer = setTimeout(() => {
      onLate();
      for (const lane of this.#all) if (lane.isBusy) lane.cut("unanswered");
    }, graceMs);
    await drained.promise;
    clearTimeout(timer);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweeper);
    for (const lane of this.#all) lane.close();
    this.#drained?.();
  }

  #cutLate(beforeMs: number): void {
    for (const lane of this.#all) {
      if (lane.isBusy && lane.countsFromMs < beforeMs) lane.cut("timeout");
    }
  }
}
