import type { CheckedJob, DriverTerms, PurgeScope, RetryTerms, Taken } from "../driver.ts";
import { LEASE_ENDED, type DeadJob, type Lease, type QueueStats, type SeenJob } from "../job.ts";
import { expiredError, fullError } from "../queue-faults.ts";
import {
  addReason,
  deadJobOf,
  endsBefore,
  goesBefore,
  jobOf,
  seenJobOf,
  type Entry,
} from "./entry.ts";
import { Heap } from "./heap.ts";
import { KeyWindow } from "./key-window.ts";

/**
 * The jobs of one queue, and what may be done with them when. Pure: it is told the time (milliseconds since 1970).
 *
 *   push → delayed ─ its time has come → ready ─ take → leased ─ ack → gone
 *             ↑                            ↑               │
 *             ├── retry with a delay ──────┼───────────────┤
 *             └────────────────────────────┴─ retry, release, lease over
 *                                          └─ redrive ─ dead ← last attempt failed
 */
export class JobStore {
  readonly #terms: DriverTerms;
  readonly #ready = new Heap<Entry>(goesBefore);
  /** Delayed and leased. */
  readonly #timed = new Heap<Entry>(endsBefore);
  readonly #leased = new Map<number, Entry>();
  readonly #dead = new Set<Entry>();
  readonly #keys: KeyWindow;
  #order = 0;

  constructor(terms: DriverTerms) {
    this.#terms = terms;
    this.#keys = new KeyWindow(terms.keyWindowMs);
  }

  push(jobs: readonly CheckedJob[], nowMs: number): { id: string; isDuplicate: boolean }[] {
    const seen = new Set<string>();
    const fresh = jobs.filter(({ key }) => {
      if (key === undefined) return true;
      if (seen.has(key) || this.#keys.get(key, nowMs) !== undefined) return false;
      return seen.add(key);
    });
    if (this.#length + fresh.length > this.#terms.maxLength) throw fullError(this.#terms.maxLength);
    return jobs.map((job) => {
      const first = this.#keys.get(job.key, nowMs);
      if (first !== undefined) return { id: first, isDuplicate: true };
      if (job.key !== undefined) this.#keys.set(job.key, job.id, nowMs);
      this.#place(this.#newEntry(job, nowMs), job.delayMs, nowMs);
      return { id: job.id, isDuplicate: false };
    });
  }

  take(max: number, leaseMs: number, nowMs: number): Taken {
    this.#wake(nowMs);
    const jobs = [];
    while (jobs.length < max) {
      const entry = this.#ready.least;
      if (!entry) break;
      this.#ready.remove(entry);
      entry.attempt++;
      entry.fence++;
      this.#hold(entry, nowMs + leaseMs);
      jobs.push(jobOf(entry));
    }
    const next = this.#timed.least;
    if (jobs.length === max || !next) return { jobs };
    return { jobs, againInMs: next.atMs - nowMs };
  }

  ack(lease: Lease, nowMs: number): void {
    this.#let(this.#held("acknowledge", lease, nowMs));
  }

  extend(lease: Lease, leaseMs: number, nowMs: number): void {
    const entry = this.#held("extend the lease of", lease, nowMs);
    this.#let(entry);
    this.#hold(entry, nowMs + leaseMs);
  }

  retry(lease: Lease, { delayMs, reason }: RetryTerms, nowMs: number): "retried" | "dead" {
    const entry = this.#held("retry", lease, nowMs);
    this.#let(entry);
    return this.#giveUpOrPlace(entry, { delayMs, reason }, nowMs);
  }

  release(lease: Lease, nowMs: number): void {
    const entry = this.#held("release", lease, nowMs);
    this.#let(entry);
    entry.attempt--;
    this.#place(entry, 0, nowMs);
  }

  deadLetter(lease: Lease, reason: string, nowMs: number): void {
    const entry = this.#held("give up", lease, nowMs);
    this.#let(entry);
    this.#bury(entry, reason, nowMs);
  }

  stats(nowMs: number): QueueStats {
    this.#wake(nowMs);
    const ready = this.#ready.size;
    const leased = this.#leased.size;
    const length = this.#length;
    let oldestMs: number | undefined;
    for (const { pushedAtMs } of this.#ready.values()) {
      oldestMs = Math.max(oldestMs ?? 0, nowMs - pushedAtMs);
    }
    return {
      length,
      ready,
      leased,
      delayed: length - ready - leased,
      dead: this.#dead.size,
      oldestMs,
    };
  }

  peek(max: number, nowMs: number): SeenJob[] {
    this.#wake(nowMs);
    const timed = this.#timed.sorted();
    const delayed = timed.filter(({ state }) => state === "delayed");
    const leased = timed.filter(({ state }) => state === "leased");
    const all = [...this.#ready.sorted(), ...delayed, ...leased].slice(0, max);
    return all.flatMap((entry) => (entry.state === "dead" ? [] : [seenJobOf(entry, entry.state)]));
  }

  dead(max: number): DeadJob[] {
    return [...this.#dead].slice(0, max).map(deadJobOf);
  }

  redrive(ids: readonly string[] | undefined, nowMs: number): number {
    const wanted = ids && new Set(ids);
    const chosen = [...this.#dead].filter(({ id }) => wanted?.has(id) ?? true);
    for (const entry of chosen) {
      this.#dead.delete(entry);
      const again: Entry = { ...entry, order: ++this.#order, attempt: 0 };
      this.#place(again, 0, nowMs);
    }
    return chosen.length;
  }

  purge(scope: PurgeScope): number {
    const count = scope === "dead" ? this.#dead.size : this.#length;
    if (scope === "dead") {
      this.#dead.clear();
    } else {
      for (const heap of [this.#ready, this.#timed]) heap.clear();
      this.#leased.clear();
      this.#keys.clear();
    }
    return count;
  }

  get #length(): number {
    return this.#ready.size + this.#timed.size;
  }

  /** Delays that are over make ready; leases that are over were an attempt that failed. */
  #wake(nowMs: number): void {
    for (;;) {
      const entry = this.#timed.least;
      if (!entry || entry.atMs > nowMs) return;
      const wasLeased = entry.state === "leased";
      this.#let(entry);
      if (wasLeased) this.#giveUpOrPlace(entry, { delayMs: 0, reason: LEASE_ENDED }, nowMs);
      else this.#place(entry, 0, nowMs);
    }
  }

  #giveUpOrPlace(entry: Entry, { delayMs, reason }: RetryTerms, nowMs: number): "retried" | "dead" {
    if (entry.attempt >= this.#terms.maxAttempts) {
      this.#bury(entry, reason, nowMs);
      return "dead";
    }
    addReason(entry, reason);
    this.#place(entry, delayMs, nowMs);
    return "retried";
  }

  #bury(entry: Entry, reason: string, nowMs: number): void {
    addReason(entry, reason);
    entry.state = "dead";
    entry.atMs = nowMs;
    this.#dead.add(entry);
  }

  #place(entry: Entry, delayMs: number, nowMs: number): void {
    entry.state = delayMs > 0 ? "delayed" : "ready";
    entry.atMs = nowMs + delayMs;
    (delayMs > 0 ? this.#timed : this.#ready).add(entry);
  }

  #hold(entry: Entry, untilMs: number): void {
    entry.state = "leased";
    entry.atMs = untilMs;
    this.#timed.add(entry);
    this.#leased.set(entry.order, entry);
  }

  #let(entry: Entry): void {
    this.#timed.remove(entry);
    this.#leased.delete(entry.order);
  }

  #held(verb: string, lease: Lease, nowMs: number): Entry {
    const [order = "", fence] = lease.receipt.split(":");
    const entry = this.#leased.get(Number(order));
    if (!entry || `${entry.fence}` !== fence || entry.atMs <= nowMs)
      throw expiredError(verb, lease);
    return entry;
  }

  #newEntry({ id, key, value, priority }: CheckedJob, nowMs: number): Entry {
    const facts = { id, key, value: value.slice(), priority, pushedAtMs: nowMs };
    const start = {
      state: "ready",
      attempt: 0,
      fence: 0,
      atMs: nowMs,
      reasons: [],
      place: -1,
    } as const;
    return { order: ++this.#order, ...facts, ...start };
  }
}
