import type { Job } from "./job.ts";

/** Somebody who waits for jobs. */
export interface Taker {
  readonly max: number;
  readonly leaseMs: number;
  /** It comes again as soon as it has done its jobs. */
  readonly comesAgain?: boolean;
  /** Gets one job or more, and is not in the line any more; with none it asked only for what is there. */
  give: (jobs: Job[]) => void;
  /** It waits in vain; it is not in the line any more. */
  fail: (error: unknown) => void;
}

/** What may be asked of the queue at once, for all who want leases of one length. */
export interface Demand {
  leaseMs: number;
  max: number;
  /** All of them come again as soon as they have done their jobs. */
  comesAgain: boolean;
}

/** Those who wait for jobs, in the order of their coming. Pure. */
export class Takers {
  readonly #line = new Set<Taker>();

  get size(): number {
    return this.#line.size;
  }

  add(taker: Taker): void {
    this.#line.add(taker);
  }

  /** False if it has got something already. */
  remove(taker: Taker): boolean {
    return this.#line.delete(taker);
  }

  /** What they want, by length of lease, the first who came first. */
  demands(): Demand[] {
    const wanted = new Map<number, Demand>();
    for (const { leaseMs, max, comesAgain = false } of this.#line) {
      const demand = wanted.get(leaseMs) ?? { leaseMs, max: 0, comesAgain: true };
      wanted.set(leaseMs, demand);
      demand.max += max;
      demand.comesAgain &&= comesAgain;
    }
    return [...wanted.values()];
  }

  /** Everyone in the line gets one, then the first ones what they want beside; gives back what nobody wants any more. */
  deal(leaseMs: number, jobs: readonly Job[]): Job[] {
    const takers = [...this.#line].filter((taker) => taker.leaseMs === leaseMs);
    const lucky = takers.slice(0, jobs.length);
    let spare = jobs.length - lucky.length;
    let next = 0;
    for (const taker of lucky) {
      const share = 1 + Math.min(spare, taker.max - 1);
      spare -= share - 1;
      this.#line.delete(taker);
      taker.give(jobs.slice(next, next + share));
      next += share;
    }
    return jobs.slice(next);
  }

  /** All of them wait in vain. */
  fail(error: unknown): void {
    for (const taker of this.#line) {
      this.#line.delete(taker);
      taker.fail(error);
    }
  }

  /** Those who do not wait for what is still to come get nothing. */
  sendAway(takers: Iterable<Taker>): void {
    for (const taker of takers) if (this.#line.delete(taker)) taker.give([]);
  }
}
