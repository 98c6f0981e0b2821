import type { Clock } from "../../core/clock.ts";
import type {
  Capability,
  CheckedJob,
  Driver,
  DriverTerms,
  PurgeScope,
  RetryTerms,
  Taken,
} from "../driver.ts";
import type { DeadJob, Lease, Pushed, QueueStats, SeenJob } from "../job.ts";
import { JobStore } from "./job-store.ts";

/** A queue that lives as long as its process: `memory:`. Each one opened is one of its own. */
export class MemoryDriver implements Driver {
  readonly can: ReadonlySet<Capability> = new Set<Capability>([
    "lease",
    "priority",
    "delay",
    "key",
    "dead",
    "peek",
  ]);
  readonly #clock: Clock;
  readonly #store: JobStore;
  readonly #watchers = new Set<() => void>();

  constructor(terms: DriverTerms, clock: Clock) {
    this.#clock = clock;
    this.#store = new JobStore(terms);
  }

  async open(): Promise<void> {}

  async push(jobs: readonly CheckedJob[]): Promise<Pushed[]> {
    const pushed = this.#store.push(jobs, this.#clock.now());
    this.#nudge();
    return pushed;
  }

  async take(max: number, leaseMs: number): Promise<Taken> {
    return this.#store.take(max, leaseMs, this.#clock.now());
  }

  async ack(lease: Lease): Promise<void> {
    this.#store.ack(lease, this.#clock.now());
  }

  async extend(lease: Lease, leaseMs: number): Promise<void> {
    this.#store.extend(lease, leaseMs, this.#clock.now());
  }

  async retry(lease: Lease, terms: RetryTerms): Promise<"retried" | "dead"> {
    const fate = this.#store.retry(lease, terms, this.#clock.now());
    this.#nudge();
    return fate;
  }

  async release(lease: Lease): Promise<void> {
    this.#store.release(lease, this.#clock.now());
    this.#nudge();
  }

  async deadLetter(lease: Lease, reason: string): Promise<void> {
    this.#store.deadLetter(lease, reason, this.#clock.now());
  }

  async stats(): Promise<QueueStats> {
    return this.#store.stats(this.#clock.now());
  }

  async peek(max: number): Promise<SeenJob[]> {
    return this.#store.peek(max, this.#clock.now());
  }

  async dead(max: number): Promise<DeadJob[]> {
    return this.#store.dead(max);
  }

  async redrive(ids: readonly string[] | undefined): Promise<number> {
    const count = this.#store.redrive(ids, this.#clock.now());
    this.#nudge();
    return count;
  }

  async purge(scope: PurgeScope): Promise<number> {
    return this.#store.purge(scope);
  }

  watch(nudge: () => void): Disposable {
    this.#watchers.add(nudge);
    return { [Symbol.dispose]: () => void this.#watchers.delete(nudge) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watchers.clear();
  }

  #nudge(): void {
    for (const nudge of this.#watchers) nudge();
  }
}
