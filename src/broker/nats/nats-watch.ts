import type { Clock } from "../../core/clock.ts";
import type { NatsLink } from "./nats-link.ts";
import type { Delivery } from "./nats-message.ts";
import type { NatsNames } from "./nats-names.ts";
import { READY } from "./nats-streams.ts";
import { StandingPull } from "./pulls.ts";

export interface NatsWatchOptions {
  names: NatsNames;
  clock: Clock;
  /** Made when somebody begins to wait, disposed when nobody has waited for a while. */
  helper: () => AsyncDisposable;
  /** Gives back what came when nobody waits any more. */
  giveBack: (delivery: Delivery) => Promise<void>;
}

/** Delayed jobs become ready for so long after the last one has waited: most come again at once. */
const LINGER_MS = 1_000;

/**
 * While somebody waits, the server brings the next job to this process, and those who wait are told that it is in
 * hand. Armed after each look that found too little.
 */
export class NatsWatch implements AsyncDisposable {
  readonly #link: NatsLink;
  readonly #options: NatsWatchOptions;
  readonly #watchers = new Set<() => void>();
  #inHand: { delivery: Delivery; cameMs: number }[] = [];
  #pull: StandingPull | undefined;
  #helper: AsyncDisposable | undefined;
  #linger: Disposable | undefined;
  #resting: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(link: NatsLink, options: NatsWatchOptions) {
    this.#link = link;
    this.#options = options;
  }

  watch(nudge: () => void): Disposable {
    this.#linger?.[Symbol.dispose]();
    this.#watchers.add(nudge);
    this.#helper ??= this.#options.helper();
    return { [Symbol.dispose]: () => this.#leave(nudge) };
  }

  /** What the server has brought; it is the caller's now. */
  takeInHand(max: number): { delivery: Delivery; cameMs: number }[] {
    return this.#inHand.splice(0, max);
  }

  /** There may be something that nobody was told of. */
  nudge(): void {
    for (const nudge of this.#watchers) nudge();
  }

  /** There was nothing left a moment ago. */
  arm(): void {
    if (this.#isOver || this.#watchers.size === 0) return;
    const wish = { stream: this.#options.names.jobs, consumer: READY, batch: 1, isOnce: true };
    this.#pull ??= new StandingPull(this.#link, wish, (delivery) => this.#come(delivery));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#linger?.[Symbol.dispose]();
    this.#rest();
    this.#restHelper();
    await this.#resting;
  }

  #come(delivery: Delivery): void {
    this.#pull = undefined;
    // Those who waited have gone meanwhile: it is for others.
    if (this.#watchers.size === 0) return this.#restWith([this.#options.giveBack(delivery)]);
    this.#inHand.push({ delivery, cameMs: performance.now() });
    this.nudge();
  }

  #leave(nudge: () => void): void {
    this.#watchers.delete(nudge);
    if (this.#watchers.size > 0 || this.#isOver) return;
    // A job that comes now is for others.
    this.#rest();
    this.#linger = this.#options.clock.after(LINGER_MS, () => this.#restHelper());
  }

  #rest(): void {
    const left = this.#inHand.splice(0);
    const pull = this.#pull;
    this.#pull = undefined;
    this.#restWith([
      ...left.map(({ delivery }) => this.#options.giveBack(delivery)),
      pull?.[Symbol.asyncDispose](),
    ]);
  }

  #restHelper(): void {
    const helper = this.#helper;
    this.#helper = undefined;
    this.#restWith([helper?.[Symbol.asyncDispose]()]);
  }

  #restWith(parts: readonly (PromiseLike<void> | undefined)[]): void {
    this.#resting = Promise.allSettled([this.#resting, ...parts]).then(() => {});
  }
}
