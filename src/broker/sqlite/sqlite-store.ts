import type { CheckedJob, DriverTerms, PurgeScope, RetryTerms, Taken } from "../driver.ts";
import {
  LEASE_ENDED,
  withReason,
  type DeadJob,
  type Job,
  type Lease,
  type Pushed,
} from "../job.ts";
import type { QueueStats, SeenJob } from "../job.ts";
import { expiredError, fullError } from "../queue-faults.ts";
import { receiptOf, type Receipt } from "./receipts.ts";
import { deadJobOf, factsOf, jobOf, reasonsOf } from "./rows.ts";
import type { HeldRow, Place, Statements } from "./statements.ts";
import type { Takings } from "./takings.ts";

/**
 * What can be done with the jobs of a file, at a time that is told. Each call is one step inside of a transaction of
 * somebody else; one that throws a DingError has changed nothing.
 */
export class SqliteStore {
  readonly #sql: Statements;
  readonly #takings: Takings;
  readonly #terms: DriverTerms;
  /** How many jobs more the steps of this transaction have made. */
  #added = 0;

  constructor(statements: Statements, takings: Takings, terms: DriverTerms) {
    this.#sql = statements;
    this.#takings = takings;
    this.#terms = terms;
  }

  /** The last step of a transaction. */
  finish(): void {
    this.#added -= this.#takings.finish();
    if (this.#added !== 0) this.#sql.addLength(this.#added);
    this.#added = 0;
  }

  /** The transaction was not written. */
  undo(): void {
    this.#takings.undo();
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
    const over = length + fresh.length - maxLength;
    if (over > 0 && over > this.#doneButCounted()) throw fullError(maxLength);
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
    if (this.#sql.firstBack.get() || this.#takings.hasFresh()) return true;
    const nextMs = this.#nextAt();
    return nextMs !== undefined && nextMs <= nowMs;
  }

  take(max: number, leaseMs: number, nowMs: number): Taken {
    this.#wake(nowMs);
    const untilMs = nowMs + leaseMs;
    const jobs: Job[] = [];
    while (jobs.length < max) {
      const want = max - jobs.length;
      const back = this.#sql.firstBack.get();
      const fresh = this.#takings.take(want, untilMs, back);
      if (fresh) {
        jobs.push(...fresh);
      } else if (back) {
        const count = this.#takings.hasFresh() ? 1 : want;
        jobs.push(...inOrder(this.#sql.takeBack.all(untilMs, count)).map(jobOf));
      } else {
        return { jobs, ...this.again(nowMs) };
      }
    }
    return { jobs };
  }

  /** When to come again: the next end of a delay or a lease. */
  again(nowMs: number): Pick<Taken, "againInMs"> {
    const nextMs = this.#nextAt();
    return nextMs === undefined ? {} : { againInMs: nextMs - nowMs };
  }

  ack(lease: Lease, nowMs: number): void {
    const { seq, fence, taking } = receiptOf(lease);
    if (taking && this.#takings.isHeld(taking, nowMs)) {
      if (!this.#takings.ack(taking)) throw expiredError("acknowledge", lease);
      return;
    }
    if (this.#sql.ack(seq, fence, nowMs) === 0) throw expiredError("acknowledge", lease);
    this.#added--;
  }

  extend(lease: Lease, leaseMs: number, nowMs: number): void {
    const { seq, fence } = this.#apart(lease);
    if (this.#sql.extend(nowMs + leaseMs, seq, fence, nowMs) === 0) {
      throw expiredError("extend the lease of", lease);
    }
  }

  retry(lease: Lease, terms: RetryTerms, nowMs: number): "retried" | "dead" {
    return this.#giveUpOrPutBack(this.#held("retry", lease, nowMs), terms, nowMs);
  }

  release(lease: Lease, nowMs: number): void {
    const { seq, fence } = this.#apart(lease);
    if (this.#sql.release(seq, fence, nowMs) === 0) throw expiredError("release", lease);
  }

  deadLetter(lease: Lease, reason: string, nowMs: number): void {
    this.#bury(this.#held("give up", lease, nowMs), reason, nowMs);
  }

  stats(nowMs: number): QueueStats {
    this.#wake(nowMs);
    const none = { idle: 0, delayed: 0, leased: 0, dead: 0 };
    const { idle, delayed, dead, ...alone } = this.#sql.counts.get() ?? none;
    const together = this.#takings.counts();
    const oldest = this.#sql.oldest.get();
    const [ready, leased] = [idle - together.size, alone.leased + together.left];
    const oldestMs = oldest ? Math.max(0, nowMs - oldest.pushed_ms) : undefined;
    return { length: ready + delayed + leased, ready, delayed, leased, dead, oldestMs };
  }

  peek(max: number, nowMs: number): SeenJob[] {
    this.#wake(nowMs);
    this.#added -= this.#takings.breakUpAll();
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
    this.#added -= this.#takings.breakUpAll();
    const count = this.#sql.purgeJobs();
    this.#added -= count;
    return count;
  }

  /** Makes ready whose delay or lease is over. */
  #wake(nowMs: number): void {
    const nextMs = this.#nextAt();
    if (nextMs === undefined || nextMs > nowMs) return;
    this.#added -= this.#takings.breakUpEnded(nowMs);
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
    const { seq, fence } = this.#apart(lease);
    const row = this.#sql.held.get(seq, fence, nowMs);
    if (!row) throw expiredError(verb, lease);
    return row;
  }

  /** How many are done, and in the queue's length until their whole taking is. */
  #doneButCounted(): number {
    const { size, left } = this.#takings.counts();
    return size - left;
  }

  /** From now on this job has a lease of its own, as have those that were taken with it. */
  #apart(lease: Lease): Receipt {
    const receipt = receiptOf(lease);
    if (receipt.taking) this.#added -= this.#takings.breakUp(receipt.taking);
    return receipt;
  }

  #nextAt(): number | undefined {
    const { at_ms, until_ms } = this.#sql.nextAt.get() ?? {};
    return at_ms != null && until_ms != null
      ? Math.min(at_ms, until_ms)
      : (at_ms ?? until_ms ?? undefined);
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

/** RETURNING promises no order. */
function inOrder<Row extends Place>(rows: readonly Row[]): Row[] {
  return rows.toSorted((one, other) => other.priority - one.priority || one.seq - other.seq);
}

function reasonsWith({ reasons }: HeldRow, reason: string): string {
  return JSON.stringify(withReason(reasonsOf(reasons), reason));
}
