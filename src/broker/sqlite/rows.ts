import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { DeadJob, Job } from "../job.ts";

/** A statement whose rows have this shape: the SQL beside it says so. */
export interface Query<Row> {
  all: (...values: SQLInputValue[]) => Row[];
  get: (...values: SQLInputValue[]) => Row | undefined;
}

/** A job of either table. */
export interface JobRow {
  seq: number;
  id: string;
  key: string | null;
  value: Uint8Array;
  priority: number;
  attempt: number;
  pushed_ms: number;
  reasons: string | null;
}

/** Prepares it once. */
export function query<Row>(db: DatabaseSync, sql: string): Query<Row> {
  const statement = db.prepare(sql);
  return {
    all: (...values) => statement.all(...values) as unknown as Row[],
    get: (...values) => (statement.get(...values) as unknown as Row | undefined) ?? undefined,
  };
}

/** Prepares it once; running it gives the number of rows it has changed. */
export function change(db: DatabaseSync, sql: string): (...values: SQLInputValue[]) => number {
  const statement = db.prepare(sql);
  return (...values) => Number(statement.run(...values).changes);
}

/** What everybody may know of it. */
export function factsOf(row: JobRow): Omit<Job, "receipt"> {
  const { id, key, value, priority, attempt, pushed_ms: pushedAtMs } = row;
  const reasons = reasonsOf(row.reasons);
  // Spelled out twice: copying what was just made is what a take would spend its time on.
  return key === null
    ? { id, value, priority, attempt, pushedAtMs, reasons }
    : { id, value, priority, attempt, pushedAtMs, reasons, key };
}

/** As its taker gets it. */
export function jobOf(row: JobRow & { fence: number }): Job {
  return Object.assign(factsOf(row), { receipt: `${row.seq}:${row.fence}` });
}

export function deadJobOf(row: JobRow & { died_ms: number }): DeadJob {
  return { ...factsOf(row), diedAtMs: row.died_ms };
}

/** The list as it is stored. */
export function reasonsOf(stored: string | null): string[] {
  return stored === null ? [] : (JSON.parse(stored) as string[]);
}
