import type { CheckedJob, DriverTerms, PurgeScope, RetryTerms, Taken } from "../driver.ts";
import { LEASE_ENDED, withReason, type DeadJob, type Lease, type Pushed } from "../job.ts";
import type { QueueStats, SeenJob } from "../job.ts";
import { expiredError, fullError } from "../queue-faults.ts";
import { deadJobOf, factsOf, jobOf, reasonsOf } from "./rows.ts";
import type { HeldRow, Statements } from "./statements.ts";

/**
 * What can be done with the jobs of a file, at a time that is told. Each call is one step inside of a transaction of
 * somebody else; one that throws a DingError has changed nothing.
 */
export class SqliteStore {
  readonly #sql: Statements;
  readonly #terms: DriverTerms;
  /** How many jobs more the steps of this transaction have made. */
  #added = 0;

  constructor(statements: Statements, terms: DriverTerms) {
    this.#sql = statements;
    this.#terms = terms;
  }

  /** The last step of a transaction. */
  finish(): void {
    if (this.#added !== 0) this.#sql.addLength(this.#added);
    this.#added = 0;
  }

  /** The transaction was not written. */
  undo(): void {
    this.#added = 0;
  }

  push(jobs: readonly CheckedJob[], nowMs: number): Pushed[] {
    const { maxLength, keyWindowMs } = this.#terms;
    const known = this.#knownKeys(jobs, nowMs);
    const pushed = jobs.map(({ key, id }): Pushed => {
      const first = key === undefined ? undefined : known.get(key);
      if (key !== undefined && first === undefined) known.set(key, id);
      return { id: first ?? id, isDuplicate: first !== undefined };
    });
    const fresh = jobs.filter((_, index) => pushed[index]?.isDuplicate === false);
    const length = (this.#sql.length.get()?.length ?? 0) + this.#added;
    if (length + fresh.length > maxLength) throw fullError(maxLength);
    for (const { id, key = null, value, priority, delayMs } of fresh) {
      const atMs = delayMs > 0 ? nowMs + delayMs : null;
      this.#sql.insert(priority, atMs, nowMs, id, key, value);
      if (key !== null) this.#sql.setKey(key, id, nowMs + keyWindowMs);
    }
    this.#added += fresh.length;
    if (known.size > 0) this.#sql.forgetKeys(nowMs);
    return pushed;
  }

  /** True if a take would bring something, or make something ready; it asks, and changes nothing. */
  hasWork(nowMs: number): boolean {
    if (this.#sql.firstReady.get()) return true;
    const nextMs = this.#nextAt();
    return nextMs !== undefined && nextMs <= nowMs;
  }

  take(max: number, leaseMs: number, nowMs: number): Taken {
    this.#wake(nowMs);
    const rows = this.#sql.take.all(nowMs + leaseMs, max);
    // RETURNING promises no order.
    const jobs = rows
      .toSorted((one, other) => other.priority - one.priority || one.seq - other.seq)
      .map(jobOf);
    return jobs.length === max ? { jobs } : { jobs, ...this.again(nowMs) };
  }

  /** When to come again: the next end of a delay or a lease. */
  again(nowMs: number): Pick<Taken, "againInMs"> {
    const nextMs = this.#nextAt();
    return nextMs === undefined ? {} : { againInMs: nextMs - nowMs };
  }

  ack(lease: Lease, nowMs: number): void {
    if (this.#sql.ack(...keysOf(lease), nowMs) === 0) throw expiredError("acknowledge", lease);
    this.#added--;
  }

  extend(lease: Lease, leaseMs: number, nowMs: number): void {
    if (this.#sql.extend(nowMs + leaseMs, ...keysOf(lease), nowMs) === 0) {
      throw expiredError("extend the lease of", lease);
    }
  }

  retry(lease: Lease, terms: RetryTerms, nowMs: number): "retried" | "dead" {
    return this.#giveUpOrPutBack(this.#held("retry", lease, nowMs), terms, nowMs);
  }

  release(lease: Lease, nowMs: number): void {
    if (this.#sql.release(...keysOf(lease), nowMs) === 0) throw expiredError("release", lease);
  }

  deadLetter(lease: Lease, reason: string, nowMs: number): void {
    this.#bury(this.#held("give up", lease, nowMs), reason, nowMs);
  }

  stats(nowMs: number): QueueStats {
    this.#wake(nowMs);
    const counts = this.#sql.counts.get() ?? { ready: 0, delayed: 0, leased: 0, dead: 0 };
    const oldest = this.#sql.oldest.get();
    const length = counts.ready + counts.delayed + counts.leased;
    const oldestMs = oldest ? Math.max(0, nowMs - oldest.pushed_ms) : undefined;
    return { length, ...counts, oldestMs };
  }

  peek(max: number, nowMs: number): SeenJob[] {
    this.#wake(nowMs);
    const seen: SeenJob[] = this.#sql.peekReady
      .all(max)
      .map((row) => ({ ...factsOf(row), state: "ready" }));
    for (const [leased, state] of [
      [0, "delayed"],
      [1, "leased"],
    ] as const) {
      const rows = this.#sql.peekTimed.all(leased, max - seen.length);
      seen.push(...rows.map((row): SeenJob => ({ ...factsOf(row), state })));
    }
    return seen;
  }

  dead(max: number): DeadJob[] {
    return this.#sql.dead.all(max).map(deadJobOf);
  }

  redrive(ids: readonly string[] | undefined): number {
    const chosen = ids === undefined ? null : JSON.stringify(ids);
    const count = this.#sql.revive(chosen);
    this.#sql.forgetDead(chosen);
    this.#added += count;
    return count;
  }

  purge(scope: PurgeScope): number {
    if (scope === "dead") return this.#sql.forgetDead(null);
    this.#sql.purgeKeys();
    const count = this.#sql.purgeJobs();
    this.#added -= count;
    return count;
  }

  /** Makes ready whose delay or lease is over. */
  #wake(nowMs: number): void {
    const nextMs = this.#nextAt();
    if (nextMs === undefined || nextMs > nowMs) return;
    this.#sql.wakeDelayed(nowMs);
    for (const row of this.#sql.endedLeases.all(nowMs)) {
      this.#giveUpOrPutBack(row, { delayMs: 0, reason: LEASE_ENDED }, nowMs);
    }
  }

  #giveUpOrPutBack(
    row: HeldRow,
    { delayMs, reason }: RetryTerms,
    nowMs: number,
  ): "retried" | "dead" {
    if (row.attempt >= this.#terms.maxAttempts) {
      this.#bury(row, reason, nowMs);
      return "dead";
    }
    this.#sql.putBack(delayMs > 0 ? nowMs + delayMs : null, reasonsWith(row, reason), row.seq);
    return "retried";
  }

  #bury(row: HeldRow, reason: string, nowMs: number): void {
    this.#sql.bury(nowMs, reasonsWith(row, reason), row.seq);
    this.#sql.remove(row.seq);
    this.#added--;
  }

  #held(verb: string, lease: Lease, nowMs: number): HeldRow {
    const row = this.#sql.held.get(...keysOf(lease), nowMs);
    if (!row) throw expiredError(verb, lease);
    return row;
  }

  #nextAt(): number | undefined {
    return this.#sql.nextAt.get()?.at_ms ?? undefined;
  }

  #knownKeys(jobs: readonly CheckedJob[], nowMs: number): Map<string, string> {
    const known = new Map<string, string>();
    for (const { key } of jobs) {
      const id = key === undefined ? undefined : this.#sql.knownKey.get(key, nowMs)?.id;
      if (key !== undefined && id !== undefined) known.set(key, id);
    }
    return known;
  }
}

/** The two numbers of a receipt; what is none of ours finds no job. */
function keysOf({ receipt }: Lease): [number, number] {
  const at = receipt.indexOf(":");
  if (at < 0) return [-1, -1];
  const [seq, fence] = [Number(receipt.slice(0, at)), Number(receipt.slice(at + 1))];
  return [Math.trunc(seq) || -1, Math.trunc(fence) || -1];
}

function reasonsWith({ reasons }: HeldRow, reason: string): string {
  return JSON.stringify(withReason(reasonsOf(reasons), reason));
}
