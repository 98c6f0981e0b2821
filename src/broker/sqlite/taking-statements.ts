import type { DatabaseSync } from "node:sqlite";
import { FIRST_FENCE } from "./receipts.ts";
import { change, query } from "./rows.ts";

/** A job that nobody has had. */
export interface FreshRow {
  seq: number;
  id: string;
  key: string | null;
  value: Uint8Array;
  pushed_ms: number;
  reasons: string | null;
}

/** Jobs that were taken together. */
export interface TakingRow {
  token: number;
  until_ms: number;
  priority: number;
  /** The numbers of the first job and the last. */
  first: number;
  last: number;
  size: number;
  /** How many are not done. */
  left: number;
  /** A bit for each that is. */
  done: Uint8Array;
}

/** What is said to the database about takings of queue number `queue`. */
export function prepareTakings(db: DatabaseSync, queue: number) {
  const [jobs, takes] = [`jobs_${queue}`, `takes_${queue}`];
  const fresh = "at_ms IS NULL AND fence = 0";
  const ready = `${jobs} INDEXED BY ready_${queue}`;
  const ofTaking = `${fresh} AND priority = ? AND seq BETWEEN ? AND ?`;
  return {
    nextPriority: query<{ priority: number }>(
      db,
      `SELECT priority FROM ${ready} WHERE at_ms IS NULL AND priority < ? ORDER BY priority DESC LIMIT 1`,
    ),
    // Who takes later takes what came later. The plus: SQLite would make a new plan for each call.
    newestOf: query<{ last: number }>(
      db,
      `SELECT last FROM ${takes} WHERE +priority = ? ORDER BY token DESC LIMIT 1`,
    ),
    fresh: query<FreshRow>(
      db,
      `SELECT seq, id, key, value, pushed_ms, reasons FROM ${ready}
       WHERE ${fresh} AND priority = ? AND seq > ? AND seq < ? ORDER BY seq LIMIT ?`,
    ),
    anyFresh: query(
      db,
      `SELECT 1 FROM ${ready} WHERE ${fresh} AND priority = ? AND seq > ? LIMIT 1`,
    ),

    begin: change(
      db,
      `INSERT INTO ${takes} (until_ms, priority, first, last, size, left, done) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    newest: query<{ token: number }>(db, "SELECT last_insert_rowid() AS token"),
    row: query<TakingRow>(
      db,
      `SELECT token, until_ms, priority, first, last, size, left, done FROM ${takes} WHERE token = ?`,
    ),
    update: change(db, `UPDATE ${takes} SET left = ?, done = ? WHERE token = ?`),
    end: change(db, `DELETE FROM ${takes} WHERE token = ?`),
    ended: query<{ token: number }>(db, `SELECT token FROM ${takes} WHERE until_ms <= ?`),
    counts: query<{ size: number; left: number }>(
      db,
      `SELECT coalesce(sum(size), 0) AS size, coalesce(sum(left), 0) AS left FROM ${takes}`,
    ),

    places: query<{ seq: number }>(db, `SELECT seq FROM ${ready} WHERE ${ofTaking} ORDER BY seq`),
    remove: change(db, `DELETE FROM ${jobs} WHERE seq = ?`),
    removeAll: change(db, `DELETE FROM ${jobs} WHERE ${ofTaking}`),
    lend: change(
      db,
      `UPDATE ${jobs} SET at_ms = ?, leased = 1, attempt = attempt + 1, fence = ${FIRST_FENCE} WHERE ${ofTaking}`,
    ),
  };
}

export type TakingStatements = ReturnType<typeof prepareTakings>;
