import { expect } from "bun:test";
import type { Job, Lease } from "../../../src/broker/job.ts";
import { JobStore } from "../../../src/broker/memory/job-store.ts";
import type { Queue } from "../../../src/broker/queue.ts";
import { DingError } from "../../../src/core/errors.ts";
import { Chance } from "../../support/chance.ts";
import type { FakeClock } from "../../support/fake-clock.ts";

export const MODEL_TERMS = { maxAttempts: 3, maxLength: 60, keyWindowMs: 3_600_000 };

const LONG_MS = 600_000;
const SHORT_MS = 1_000;
/** The memory's time where nobody moves the clock: everything happens at once. */
const STILL_MS = 1_000_000;

type Step = "ack" | "extend" | "retry" | "release" | "deadLetter";

/** A job in a hand, as the queue gave it and as the model did. */
interface Hand {
  real: Job;
  model: Job;
}

/**
 * Does a random sequence of everything with a queue, over any of several connections, and the same with the memory's
 * store; after each step both must show the same. Leases end only where there is a clock to move.
 */
export class QueueModel {
  readonly #queues: readonly Queue[];
  readonly #clock: FakeClock | undefined;
  readonly #chance: Chance;
  readonly #model = new JobStore(MODEL_TERMS);
  readonly #hands: Hand[] = [];
  /** What was let go of: its receipts open nothing. */
  readonly #spent: Hand[] = [];
  /** What was done, for whoever reads a failure. */
  readonly #story: string[] = [];
  #pushes = 0;

  constructor(queues: readonly Queue[], { seed, clock }: { seed: number; clock?: FakeClock }) {
    this.#queues = queues;
    this.#clock = clock;
    this.#chance = new Chance(seed);
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) await this.#step();
  }

  get #queue(): Queue {
    return this.#chance.pick(this.#queues);
  }

  get #now(): number {
    return this.#clock?.now() ?? STILL_MS;
  }

  async #step(): Promise<void> {
    const what = this.#chance.integer(0, 99);
    if (what < 22) await this.#push();
    else if (what < 44) await this.#take();
    else if (what < 62) await this.#settle(this.#some(this.#hands, 1));
    else if (what < 74) await this.#settle(this.#some(this.#hands, 8));
    else if (what < 87) await this.#settle(this.#some(this.#spent, 1));
    else if (what < 91) this.#wait();
    else if (what < 94) await this.#redrive();
    else if (what < 96) await this.#purge();
    await this.#look();
  }

  async #push(): Promise<void> {
    const jobs = Array.from({ length: this.#chance.integer(1, 12) }, () => {
      const name = `j${++this.#pushes}`;
      const key = this.#chance.next() < 0.25 ? { key: `k${this.#chance.integer(0, 20)}` } : {};
      const delayMs = this.#chance.next() < 0.1 ? LONG_MS : 0;
      return {
        id: name,
        value: Buffer.from(name),
        priority: this.#chance.pick([0, 0, 5, -5]),
        delayMs,
        ...key,
      };
    });
    const now = this.#now;
    await this.#both(`push ${jobs.map(({ id }) => id).join()}`, {
      real: () => this.#queue.pushMany(jobs),
      model: () => this.#model.push(jobs, now),
    });
  }

  async #take(): Promise<void> {
    const max = this.#chance.integer(1, 9);
    const leaseMs = this.#clock && this.#chance.next() < 0.4 ? SHORT_MS : LONG_MS;
    const real = await this.#queue.take({ max, leaseMs });
    const { jobs } = this.#model.take(max, leaseMs, this.#now);
    this.#same(`take ${max} for ${leaseMs}`, real.map(factsOf), jobs.map(factsOf));
    real.forEach((job, at) => {
      const model = jobs[at];
      if (model) this.#hands.push({ real: job, model });
    });
  }

  /** All at once over one connection: they travel together, and in order. */
  async #settle(hands: readonly Hand[]): Promise<void> {
    const queue = this.#queue;
    await Promise.all(hands.map((hand) => this.#one(hand, queue)));
  }

  async #one(hand: Hand, queue: Queue): Promise<void> {
    const steps: Step[] = ["ack", "ack", "ack", "extend", "retry", "release", "deadLetter"];
    const step = this.#chance.pick(steps);
    const terms = { delayMs: this.#chance.pick([0, 0, LONG_MS]), reason: "no luck" };
    const now = this.#now;
    const real: Record<Step, (lease: Job) => Promise<unknown>> = {
      ack: (lease) => queue.ack(lease),
      extend: (lease) => queue.extend(lease, LONG_MS),
      retry: (lease) => queue.retry(lease, terms),
      release: (lease) => queue.release(lease),
      deadLetter: (lease) => queue.deadLetter(lease, "hopeless"),
    };
    const model: Record<Step, (lease: Lease) => unknown> = {
      ack: (lease) => this.#model.ack(lease, now),
      extend: (lease) => this.#model.extend(lease, LONG_MS, now),
      retry: (lease) => this.#model.retry(lease, terms, now),
      release: (lease) => this.#model.release(lease, now),
      deadLetter: (lease) => this.#model.deadLetter(lease, "hopeless", now),
    };
    const at = step === "extend" ? -1 : this.#hands.indexOf(hand);
    if (at >= 0) this.#spent.push(...this.#hands.splice(at, 1));
    await this.#both(`${step} ${hand.real.id} ${hand.real.receipt}`, {
      real: () => real[step](hand.real),
      model: () => model[step](hand.model),
    });
  }

  #wait(): void {
    this.#story.push("wait");
    this.#clock?.advance(this.#chance.pick([SHORT_MS, SHORT_MS, LONG_MS]));
  }

  async #redrive(): Promise<void> {
    const some = this.#model.dead(100).filter(() => this.#chance.next() < 0.5);
    const ids = this.#chance.next() < 0.5 ? undefined : [...some.map(({ id }) => id), "nobody"];
    const now = this.#now;
    await this.#both(`redrive ${ids?.join() ?? "all"}`, {
      real: () => this.#queue.redrive(ids),
      model: () => this.#model.redrive(ids, now),
    });
  }

  async #purge(): Promise<void> {
    const scope = this.#chance.pick(["jobs", "dead"] as const);
    await this.#both(`purge ${scope}`, {
      real: () => this.#queue.purge(scope),
      model: () => this.#model.purge(scope),
    });
  }

  async #look(): Promise<void> {
    const queue = this.#queue;
    const { oldestMs: real, ...counts } = await queue.stats();
    const { oldestMs, ...expected } = this.#model.stats(this.#now);
    this.#same("stats", counts, expected);
    this.#same("has an oldest", real !== undefined, oldestMs !== undefined);
    const [seen, mine] = [await queue.peek(100), this.#model.peek(100, this.#now)];
    const ready = (jobs: typeof seen) => jobs.filter(({ state }) => state === "ready");
    this.#same("ready ones", ready(seen).map(factsOf), ready(mine).map(factsOf));
    // Those that have the same end are in no order.
    this.#same("all", sorted(seen), sorted(mine));
    this.#same("dead ones", sorted(await queue.dead(100)), sorted(this.#model.dead(100)));
  }

  #some(hands: readonly Hand[], most: number): Hand[] {
    const count = Math.min(hands.length, this.#chance.integer(1, most));
    return [...new Set(Array.from({ length: count }, () => this.#chance.pick(hands)))];
  }

  async #both(
    what: string,
    { real, model }: { real: () => Promise<unknown>; model: () => unknown },
  ): Promise<void> {
    const said = outcome(real);
    const expected = await outcome(model);
    this.#same(what, await said, expected);
  }

  #same(what: string, real: unknown, model: unknown): void {
    this.#story.push(what);
    if (Bun.deepEquals(real, model)) return;
    expect({ real, story: this.#story.slice(-30) }).toEqual({ real: model, story: [] });
  }
}

async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return DingError.from(error).code;
  }
}

function factsOf({ value, id, key, priority, attempt, reasons }: Omit<Job, "receipt">): unknown[] {
  return [Buffer.from(value).toString(), id, key, priority, attempt, [...reasons]];
}

function sorted(jobs: readonly (Omit<Job, "receipt"> & { state?: string })[]): string[] {
  return jobs.map((job) => JSON.stringify([...factsOf(job), job.state])).toSorted();
}
