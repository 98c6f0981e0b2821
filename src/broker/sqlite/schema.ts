import type { DatabaseSync } from "node:sqlite";
import { DingError } from "../../core/errors.ts";

/** "ding", as SQLite's application_id. */
const APPLICATION = 0x64_69_6e_67;
/** 1 knew no takings: what it wrote is read as it is. */
const [OLDEST, VERSION] = [1, 2];

/**
 * Opens or makes the tables of one queue in this file and gives the queue's number there.
 * Throws `queue.broken` for a database of another program, or of a later version of this one.
 *
 * `jobs_N.at_ms` is NULL when a job is ready, else when its delay (`leased` 0) or its lease (`leased` 1) ends; a job
 * that may have been in somebody's hands has a `fence` above 0. Those that were taken together for the first time stay as
 * they are, and have one lease: that of the row of `takes_N` between whose `first` and `last` they lie. Which of them are
 * done, the bits of `done` say, the first one's the lowest of the first byte; they go, with it, when all `size` are. Until
 * then `queues.length` counts them.
 */
export function openSchema(db: DatabaseSync, queue: string, shown: string): number {
  db.exec("BEGIN IMMEDIATE");
  try {
    checkOwner(db, shown);
    db.exec(`PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${VERSION};
      CREATE TABLE IF NOT EXISTS queues (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, length INTEGER NOT NULL DEFAULT 0)`);
    db.prepare("INSERT INTO queues (name) VALUES (?) ON CONFLICT DO NOTHING").run(queue);
    const number = db.prepare("SELECT number FROM queues WHERE name = ?").get(queue)?.["number"];
    if (typeof number !== "number") throw new DingError("internal.bug", "Cannot number the queue");
    db.exec(tablesOf(number));
    db.exec("COMMIT");
    return number;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function checkOwner(db: DatabaseSync, shown: string): void {
  const application = db.prepare("PRAGMA application_id").get()?.["application_id"];
  const version = db.prepare("PRAGMA user_version").get()?.["user_version"];
  const tables = db.prepare("SELECT count(*) AS count FROM sqlite_master").get()?.["count"];
  const isOurs = typeof version === "number" && version >= OLDEST && version <= VERSION;
  if (application === APPLICATION && isOurs) return;
  if (application === 0 && tables === 0) return;
  const isLater = application === APPLICATION;
  const state = isLater ? `its form is ${String(version)}` : "it is a database of another program";
  throw new DingError("queue.broken", `Cannot open queue "${shown}": ${state}`, {
    hint: isLater ? "Use the ding that made it, or a later one." : "Choose another file.",
  });
}

/** AUTOINCREMENT: a number is never used again, so that an old receipt opens nothing. */
function tablesOf(number: number): string {
  return `
    CREATE TABLE IF NOT EXISTS jobs_${number} (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, priority INTEGER NOT NULL, at_ms INTEGER, leased INTEGER NOT NULL,
      attempt INTEGER NOT NULL, fence INTEGER NOT NULL, pushed_ms INTEGER NOT NULL,
      id TEXT NOT NULL, key TEXT, reasons TEXT, value BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS ready_${number} ON jobs_${number} (priority DESC) WHERE at_ms IS NULL;
    CREATE INDEX IF NOT EXISTS back_${number} ON jobs_${number} (priority DESC) WHERE at_ms IS NULL AND fence > 0;
    CREATE INDEX IF NOT EXISTS timed_${number} ON jobs_${number} (at_ms) WHERE at_ms IS NOT NULL;
    CREATE TABLE IF NOT EXISTS takes_${number} (
      token INTEGER PRIMARY KEY, until_ms INTEGER NOT NULL, priority INTEGER NOT NULL,
      first INTEGER NOT NULL, last INTEGER NOT NULL, size INTEGER NOT NULL, left INTEGER NOT NULL, done BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS dead_${number} (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, priority INTEGER NOT NULL, died_ms INTEGER NOT NULL,
      attempt INTEGER NOT NULL, pushed_ms INTEGER NOT NULL,
      id TEXT NOT NULL, key TEXT, reasons TEXT, value BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS dead_id_${number} ON dead_${number} (id);
    CREATE TABLE IF NOT EXISTS keys_${number} (
      seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, id TEXT NOT NULL, until_ms INTEGER NOT NULL)`;
}
