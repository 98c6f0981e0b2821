import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";

const FILE = "state.lock";
const TRIES = 5;

/**
 * One coordinator for each folder of states: two would write over each other. The lock is SQLite's, which the system
 * lets go of when its process ends, however it ends.
 */
export class FolderLock implements Disposable {
  readonly #path: string;
  readonly #db: DatabaseSync | undefined;

  private constructor(path: string, db: DatabaseSync | undefined) {
    this.#path = path;
    this.#db = db;
  }

  /** `state.invalid` when another coordinator has it; a disk that knows no locks is told of, and used. */
  static take(folder: string, log: Logger): FolderLock {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, FILE);
    for (let attempt = 0; attempt < TRIES; attempt++) {
      let db: DatabaseSync | undefined;
      try {
        db = new DatabaseSync(path, { timeout: 0 });
        const made = fileOf(path);
        db.exec("BEGIN EXCLUSIVE");
        if (made !== undefined && made === fileOf(path)) return new FolderLock(path, db);
        // Who had it before has taken the file away meanwhile.
        db.close();
      } catch (thrown) {
        db?.close();
        if (/locked|busy/i.test(messageOf(thrown))) throw takenError(folder);
        log.warn(`cannot keep others from ${folder}: ${messageOf(thrown)}`);
        return new FolderLock(path, undefined);
      }
    }
    throw takenError(folder);
  }

  [Symbol.dispose](): void {
    if (!this.#db) return;
    // While it is still locked: nobody else has opened a lock that counts.
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // Windows keeps a file that is open; it does no harm there.
    }
    this.#db.close();
    rmSync(`${this.#path}-journal`, { force: true });
  }
}

function fileOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function takenError(folder: string): DingError {
  return new DingError("state.invalid", `Cannot use ${folder}: another coordinator does`, {
    hint: "Stop that one, or name another --snapshot-dir.",
  });
}
