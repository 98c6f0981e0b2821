import { backoffMs, type Backoff } from "../core/retry.ts";

/** How a pool treats workers that die. */
export interface RestartOptions extends Backoff {
  /** So many starts in a row without one worker getting ready mean: it will not work. */
  mostFailedStarts: number;
  /** A worker that lived so long did well: the next wait is short again. */
  steadyMs: number;
}

/** Waits that suit a person's plugin: at once after one crash, five seconds in a crash loop. */
export const DEFAULT_RESTART: RestartOptions = {
  minMs: 50,
  maxMs: 5_000,
  jitter: 0.2,
  mostFailedStarts: 5,
  steadyMs: 10_000,
};

/** Decides when a dead worker is replaced, and when a pool is hopeless. Pure. */
export class RestartPolicy {
  readonly #options: RestartOptions;
  #crashes = 0;
  #failedStarts = 0;

  constructor(options: RestartOptions) {
    this.#options = options;
  }

  onReady(): void {
    this.#failedStarts = 0;
  }

  /** A worker that had been ready died after `livedMs`; returns the wait before the next. */
  onCrash(livedMs: number): number {
    this.#crashes = livedMs >= this.#options.steadyMs ? 1 : this.#crashes + 1;
    return Math.round(backoffMs(this.#options, this.#crashes));
  }

  /** A worker died before it was ready; undefined means: give up. */
  onFailedStart(): number | undefined {
    this.#failedStarts += 1;
    if (this.#failedStarts >= this.#options.mostFailedStarts) return undefined;
    return Math.round(backoffMs(this.#options, this.#failedStarts));
  }

  /** A task ended well: whatever killed the last worker is over. */
  onSuccess(): void {
    this.#crashes = 0;
  }
}
