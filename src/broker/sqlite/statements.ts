import type { DatabaseSync } from "node:sqlite";
import { change, query, type JobRow } from "./rows.ts";

const FACTS = "seq, id, key, value, priority, attempt, pushed_ms, reasons";
const HELD = "seq = ? AND fence = ? AND leased = 1 AND at_ms > ?";

/** Where a job stands in the line. */
export interface Place {
  seq: number;
  priority: number;
}

export interface HeldRow {
  seq: number;
  attempt: number;
  reasons: string | null;
}

/** Everything that is said to the database about queue number `queue`. */
export function prepareStatements(db: DatabaseSync, queue: number) {
  const [jobs, dead, keys] = [`jobs_${queue}`, `dead_${queue}`, `keys_${queue}`];
  const isTaken = `fence = 0 AND EXISTS (SELECT 1 FROM takes_${queue} AS takes
    WHERE takes.priority = ${jobs}.priority AND seq BETWEEN first AND last)`;
  return {
    length: query<{ length: number }>(db, `SELECT length FROM queues WHERE number = ${queue}`),
    addLength: change(db, `UPDATE queues SET length = length + ? WHERE number = ${queue}`),

    insert: change(
      db,
      `INSERT INTO ${jobs} (priority, at_ms, leased, attempt, fence, pushed_ms, id, key, value)
       VALUES (?, ?, 0, 0, 0, ?, ?, ?, ?)`,
    ),
    knownKey: query<{ id: string }>(db, `SELECT id FROM ${keys} WHERE key = ? AND until_ms > ?`),
    setKey: change(db, `INSERT OR REPLACE INTO ${keys} (key, id, until_ms) VALUES (?, ?, ?)`),
    forgetKeys: change(
      db,
      `DELETE FROM ${keys} WHERE until_ms <= ? AND seq IN (SELECT seq FROM ${keys} ORDER BY seq LIMIT 100)`,
    ),

    nextAt: query<{ at_ms: number | null; until_ms: number | null }>(
      db,
      `SELECT (SELECT min(at_ms) FROM ${jobs} WHERE at_ms IS NOT NULL) AS at_ms,
         (SELECT min(until_ms) FROM takes_${queue}) AS until_ms`,
    ),
    // The fence, as it is behind some that are new, and goes before them.
    wakeDelayed: change(
      db,
      `UPDATE ${jobs} SET at_ms = NULL, fence = fence + 1 WHERE at_ms <= ? AND leased = 0`,
    ),
    endedLeases: query<HeldRow>(
      db,
      `SELECT seq, attempt, reasons FROM ${jobs} WHERE at_ms <= ? AND leased = 1`,
    ),
    firstBack: query<Place>(
      db,
      `SELECT seq, priority FROM ${jobs} INDEXED BY back_${queue}
       WHERE at_ms IS NULL AND fence > 0 ORDER BY priority DESC, seq LIMIT 1`,
    ),
    takeBack: query<JobRow & { fence: number }>(
      db,
      `UPDATE ${jobs} SET at_ms = ?, leased = 1, attempt = attempt + 1, fence = fence + 1
       WHERE seq IN (SELECT seq FROM ${jobs} INDEXED BY back_${queue}
         WHERE at_ms IS NULL AND fence > 0 ORDER BY priority DESC, seq LIMIT ?)
       RETURNING ${FACTS}, fence`,
    ),

    held: query<HeldRow>(db, `SELECT seq, attempt, reasons FROM ${jobs} WHERE ${HELD}`),
    ack: change(db, `DELETE FROM ${jobs} WHERE ${HELD}`),
    extend: change(db, `UPDATE ${jobs} SET at_ms = ? WHERE ${HELD}`),
    release: change(
      db,
      `UPDATE ${jobs} SET at_ms = NULL, leased = 0, attempt = attempt - 1 WHERE ${HELD}`,
    ),
    putBack: change(db, `UPDATE ${jobs} SET at_ms = ?, leased = 0, reasons = ? WHERE seq = ?`),
    bury: change(
      db,
      `INSERT INTO ${dead} (priority, died_ms, attempt, pushed_ms, id, key, reasons, value)
       SELECT priority, ?, attempt, pushed_ms, id, key, ?, value FROM ${jobs} WHERE seq = ?`,
    ),
    remove: change(db, `DELETE FROM ${jobs} WHERE seq = ?`),

    counts: query<{ idle: number; delayed: number; leased: number; dead: number }>(
      db,
      `SELECT (SELECT count(*) FROM ${jobs} WHERE at_ms IS NULL) AS idle,
         (SELECT count(*) FROM ${jobs} WHERE at_ms IS NOT NULL AND leased = 0) AS delayed,
         (SELECT count(*) FROM ${jobs} WHERE at_ms IS NOT NULL AND leased = 1) AS leased,
         (SELECT count(*) FROM ${dead}) AS dead`,
    ),
    // By arrival, not by the index of ready ones: the first hit ends it.
    oldest: query<{ pushed_ms: number }>(
      db,
      `SELECT pushed_ms FROM ${jobs} NOT INDEXED WHERE at_ms IS NULL AND NOT (${isTaken}) ORDER BY seq LIMIT 1`,
    ),
    peekReady: query<JobRow>(
      db,
      `SELECT ${FACTS} FROM ${jobs} WHERE at_ms IS NULL AND NOT (${isTaken})
       ORDER BY priority DESC, seq LIMIT ?`,
    ),
    peekTimed: query<JobRow>(
      db,
      `SELECT ${FACTS} FROM ${jobs} WHERE at_ms IS NOT NULL AND leased = ? ORDER BY at_ms, seq LIMIT ?`,
    ),
    dead: query<JobRow & { died_ms: number }>(
      db,
      `SELECT ${FACTS}, died_ms FROM ${dead} ORDER BY seq LIMIT ?`,
    ),

    revive: change(
      db,
      `INSERT INTO ${jobs} (priority, at_ms, leased, attempt, fence, pushed_ms, id, key, reasons, value)
       SELECT priority, NULL, 0, 0, 0, pushed_ms, id, key, reasons, value FROM ${dead}
       WHERE ?1 IS NULL OR id IN (SELECT value FROM json_each(?1)) ORDER BY seq`,
    ),
    forgetDead: change(
      db,
      `DELETE FROM ${dead} WHERE ?1 IS NULL OR id IN (SELECT value FROM json_each(?1))`,
    ),
    purgeJobs: change(db, `DELETE FROM ${jobs}`),
    purgeKeys: change(db, `DELETE FROM ${keys}`),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;
