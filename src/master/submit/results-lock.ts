import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { DingError, messageOf } from "../../core/errors.ts";

/**
 * Keeps two jobs from writing to one results file: `FILE.lock` holds who has it. What a dead process left behind is
 * taken over. Throws `state.invalid` if somebody has it.
 */
export class ResultsLock implements Disposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Undefined for what is no regular file, as a pipe, which anybody may write to. */
  static take(path: string): ResultsLock | undefined {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found && !found.isFile()) return undefined;
    const lock = `${resolve(path)}.lock`;
    if (!made(lock, path)) {
      const owner = ownerOf(lock);
      if (owner === undefined || isAlive(owner)) throw taken(path, lock, owner);
      rmSync(lock, { force: true });
      if (!made(lock, path)) throw taken(path, lock, ownerOf(lock));
    }
    return new ResultsLock(lock);
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { force: true });
  }
}

interface Owner {
  pid: number;
  host: string;
}

/** False if it is there. */
function made(lock: string, path: string): boolean {
  let file: number;
  try {
    file = openSync(lock, "wx");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    const message = `Cannot write results to "${path}": ${messageOf(error)}`;
    throw new DingError("usage.invalid-input", message, { cause: error });
  }
  try {
    writeSync(file, `${process.pid} ${hostname()}\n`);
  } finally {
    closeSync(file);
  }
  return true;
}

/** Undefined while it is being written, and for what is none of ours. */
function ownerOf(lock: string): Owner | undefined {
  try {
    const [pid = "", host = ""] = readFileSync(lock, "utf8").trim().split(" ");
    return /^\d+$/.test(pid) && host !== "" ? { pid: Number(pid), host } : undefined;
  } catch {
    return undefined; // gone meanwhile
  }
}

/** Of another machine nobody here can tell. */
function isAlive({ pid, host }: Owner): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function taken(path: string, lock: string, owner: Owner | undefined): DingError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : "another job";
  return new DingError("state.invalid", `Cannot write results to "${path}": ${who} does`, {
    hint: `Wait for its end or name another file; if it is gone, remove ${lock}.`,
  });
}
