import { type Clock, systemClock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import { checkCount, checkFrom, inputFault, stateFault } from "./faults.ts";
import { checkPriority } from "./inserting.ts";
import {
  PushSampleLimiter,
  type PushSampleLimiterOptions,
  type PushSampleLimiterState,
} from "./limiter/push-sample-limiter.ts";
import { Random, type RandomState } from "./random.ts";
import { DEFAULT_ALPHA } from "./selector/make-selector.ts";
import { MinTree } from "./selector/min-tree.ts";
import { SumTree } from "./selector/sum-tree.ts";
import { weightOf } from "./selector/weight-of.ts";
import { ThroughputMonitor } from "./throughput-monitor.ts";

/** What is told about an item when it goes in. */
export interface AdvancedEntry<T> {
  data: T;
  /** Default: the highest so far. */
  priority?: number;
  /** The version of the policy that made it. Default 0. */
  policyVersion?: number;
}

/** An item that was sampled. */
export interface AdvancedItem<T> {
  data: T;
  /** Names it for `update()`. */
  uniqueId: number;
  slot: number;
  priority: number;
  /** How often it was sampled, with this time. */
  use: number;
  staleness: number;
  /** Its importance weight. */
  weight: number;
}

/** The ancestor's names and values. */
export interface AdvancedReplayBufferOptions {
  /** Default 4,096. */
  size?: number;
  /** Default Infinity. */
  maxUse?: number;
  /** Default Infinity. */
  maxStaleness?: number;
  /** Default 0.6. */
  alpha?: number;
  /** Default 0.4; rises to 1 … */
  beta?: number;
  /** … in so many samples. Default 100,000. */
  annealStep?: number;
  limiter?: PushSampleLimiterOptions;
  seed?: number;
  clock?: Clock;
}

/** The buffer as plain values. */
export interface AdvancedReplayBufferState<T = unknown> {
  size: number;
  items: (Stored<T> | null)[];
  tail: number;
  pushed: number;
  beta: number;
  maxPriority: number;
  limiter: PushSampleLimiterState;
  random: RandomState;
}

interface Stored<T> {
  data: T;
  uniqueId: number;
  priority: number;
  use: number;
  policyVersion: number;
}

/** Added to each priority that is set, so that none is 0 for ever. */
const PRIORITY_FLOOR = 1e-5;

/**
 * The ancestor's prioritized buffer: a circle of slots, a push overwrites the oldest. Its limiter refuses and does not
 * wait. What is used up or stale is out, for good.
 */
export class AdvancedReplayBuffer<T = unknown> {
  readonly size: number;
  readonly monitor: ThroughputMonitor;
  readonly #maxUse: number;
  readonly #maxStaleness: number;
  readonly #alpha: number;
  readonly #betaStep: number;
  readonly #items: (Stored<T> | null)[];
  readonly #sums: SumTree;
  readonly #least: MinTree;
  readonly #limiter: PushSampleLimiter;
  readonly #random: Random;
  #beta: number;
  #tail = 0;
  #count = 0;
  #pushed = 0;
  #maxPriority = 1;

  constructor(options: AdvancedReplayBufferOptions = {}) {
    const { size = 4096, maxUse = Infinity, maxStaleness = Infinity, seed = 0 } = options;
    const { alpha = DEFAULT_ALPHA, beta = 0.4, annealStep = 100_000 } = options;
    const { clock = systemClock } = options;
    checkCount("size", size);
    checkCount("maxUse", maxUse, { orInfinity: true });
    checkCount("annealStep", annealStep);
    checkFrom("maxStaleness", maxStaleness);
    checkFrom("alpha", alpha, 1e9);
    checkFrom("beta", beta, 1);
    this.size = size;
    this.monitor = new ThroughputMonitor(clock);
    this.#maxUse = maxUse;
    this.#maxStaleness = maxStaleness;
    this.#alpha = alpha;
    this.#beta = beta;
    this.#betaStep = (1 - beta) / annealStep;
    this.#items = Array.from({ length: size }, () => null);
    this.#sums = new SumTree(size);
    this.#least = new MinTree(size);
    this.#limiter = new PushSampleLimiter(clock, options.limiter);
    this.#random = new Random(seed);
  }

  get count(): number {
    return this.#count;
  }

  /** The slot of the next push. */
  get tail(): number {
    return this.#tail;
  }

  get beta(): number {
    return this.#beta;
  }

  get maxPriority(): number {
    return this.#maxPriority;
  }

  /** Items that were ever pushed. */
  get pushed(): number {
    return this.#pushed;
  }

  /** Puts all of them in, or none: false when the limiter refuses. */
  push(entries: readonly AdvancedEntry<T>[]): boolean {
    for (const { priority = 0 } of entries) checkPriority(priority);
    if (!this.#limiter.canPush(entries.length)) return false;
    this.#limiter.push(entries.length);
    this.monitor.push(entries.length);
    for (const { data, priority = this.#maxPriority, policyVersion = 0 } of entries) {
      this.#remove(this.#tail);
      const item = { data, uniqueId: this.#pushed++, priority, use: 0, policyVersion };
      this.#items[this.#tail] = item;
      this.#count++;
      this.#weigh(this.#tail, priority);
      this.#tail = (this.#tail + 1) % this.size;
    }
    return true;
  }

  /** So many items, with weights; undefined when there are fewer, or the limiter refuses. One may come twice. */
  sample(count: number, policyVersion = 0): AdvancedItem<T>[] | undefined {
    if (!Number.isSafeInteger(count) || count < 1) throw inputFault(`Cannot sample ${count} items`);
    for (const [slot, item] of this.#items.entries()) {
      if (item && policyVersion - item.policyVersion > this.#maxStaleness) this.#remove(slot);
    }
    const isEnough = this.#count >= count && this.#usesLeft >= count;
    if (!isEnough || !this.#limiter.canSample(count)) return undefined;
    this.#limiter.sample(count);
    const least = this.#least.least;
    const sampled = Array.from({ length: count }, (_, at) => {
      const slot = this.#draw((at + this.#random.next()) / count);
      const item = this.#take(slot, { policyVersion, least });
      if (item.use >= this.#maxUse) this.#remove(slot); // at once: it is not drawn again
      return item;
    });
    this.#beta = Math.min(1, this.#beta + this.#betaStep);
    return sampled;
  }

  /** Sets priorities (plus a hundred-thousandth); passes over items that are gone. Says how many were set. */
  update(changes: readonly { slot: number; uniqueId: number; priority: number }[]): number {
    for (const { priority } of changes) checkPriority(priority);
    let updated = 0;
    for (const { slot, uniqueId, priority } of changes) {
      if (this.#items[slot]?.uniqueId !== uniqueId) continue;
      this.#weigh(slot, priority + PRIORITY_FLOOR);
      updated++;
    }
    return updated;
  }

  /** The weights of these slots together: priorities to the power of alpha. */
  weightOf(from: number, to: number): number {
    return this.#sums.sum(from, to);
  }

  /** The item in a slot, with how it stands; undefined when it is empty. */
  at(slot: number): { uniqueId: number; priority: number; use: number } | undefined {
    const item = this.#items[slot];
    return item ? { uniqueId: item.uniqueId, priority: item.priority, use: item.use } : undefined;
  }

  clear(): void {
    for (let slot = 0; slot < this.size; slot++) this.#remove(slot);
    this.#tail = 0;
    this.#maxPriority = 1;
  }

  stateDict(): AdvancedReplayBufferState<T> {
    return {
      size: this.size,
      items: this.#items.map((item) => item && { ...item }),
      tail: this.#tail,
      pushed: this.#pushed,
      beta: this.#beta,
      maxPriority: this.#maxPriority,
      limiter: this.#limiter.stateDict(),
      random: this.#random.stateDict(),
    };
  }

  loadStateDict(state: AdvancedReplayBufferState<T>): void {
    if (state.size !== this.size) throw stateFault(`it has ${state.size} slots, not ${this.size}`);
    this.clear();
    for (const [slot, item] of state.items.entries()) {
      if (!item) continue;
      this.#items[slot] = { ...item };
      this.#count++;
      this.#weigh(slot, item.priority);
    }
    this.#tail = state.tail;
    this.#pushed = state.pushed;
    this.#beta = state.beta;
    this.#maxPriority = state.maxPriority;
    this.#limiter.loadStateDict(state.limiter);
    this.#random.loadStateDict(state.random);
  }

  get #usesLeft(): number {
    if (this.#maxUse === Infinity) return Infinity;
    return this.#items.reduce((left, item) => left + (item ? this.#maxUse - item.use : 0), 0);
  }

  /** The slot at this share of all weights; where all are 0, any that holds an item. */
  #draw(share: number): number {
    const { total } = this.#sums;
    if (total > 0) return this.#sums.find(share * total);
    const there = [...this.#items.keys()].filter((slot) => this.#items[slot]);
    return there[Math.floor(share * there.length)] ?? 0;
  }

  #take(
    slot: number,
    { policyVersion, least }: { policyVersion: number; least: number },
  ): AdvancedItem<T> {
    const item = this.#items[slot];
    if (!item) throw new DingError("internal.bug", `Cannot sample: slot ${slot} is empty`);
    const { data, uniqueId, priority } = item;
    const use = ++item.use;
    const staleness = policyVersion - item.policyVersion;
    // (N · p)^-beta over that of the least p: N and the total cancel out.
    const own = this.#sums.get(slot);
    const weight = own === 0 ? 1 : (own / least) ** -this.#beta;
    this.monitor.sample({ use, priority, staleness });
    return { data, uniqueId, slot, priority, use, staleness, weight };
  }

  #weigh(slot: number, priority: number): void {
    const item = this.#items[slot];
    if (!item) return;
    item.priority = priority;
    this.#maxPriority = Math.max(this.#maxPriority, priority);
    const weight = weightOf(priority, this.#alpha);
    this.#sums.set(slot, weight);
    this.#least.set(slot, weight > 0 ? weight : Infinity);
  }

  #remove(slot: number): void {
    if (!this.#items[slot]) return;
    this.#items[slot] = null;
    this.#count--;
    this.#sums.set(slot, 0);
    this.#least.set(slot, Infinity);
    this.monitor.remove(1);
  }
}
