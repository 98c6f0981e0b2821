import { DingError, messageOf, type Code } from "../../core/errors.ts";

interface Kind {
  /** By its words: only some runtimes hand out SQLite's number. */
  words: RegExp;
  code: Code;
  hint: string;
}

const KINDS: Kind[] = [
  {
    words: /not a database|malformed|file is encrypted/i,
    code: "queue.broken",
    hint: "Move the file away, and its -wal and -shm with it, or put a copy back; a new one is made where none is.",
  },
  {
    words: /is full/i,
    code: "queue.no-space",
    hint: "Make room on the disk, or raise max_page_count; jobs in the queue can still be finished.",
  },
  {
    words: /is locked|is busy/i,
    code: "wait.timeout",
    hint: "Another process holds the file; see which one with `lsof`.",
  },
  {
    words: /unable to open|readonly|read-only|authoriz|permission/i,
    code: "usage.invalid-option",
    hint: "The folder must exist, and file and folder must be writable.",
  },
  {
    words: /disk I\/O/i,
    code: "queue.broken",
    hint: "Look at the disk; the system's log tells more.",
  },
];

/** True if another process holds the file for a moment. */
export function isBusy(error: unknown): boolean {
  return /is locked|is busy/i.test(messageOf(error));
}

/** True if there is no room for more. */
export function isFull(error: unknown): boolean {
  return /is full/i.test(messageOf(error));
}

/** What SQLite threw in the house's terms; what it does not know stays as it is. */
export function sqliteFault(error: unknown, verb: string, shown: string): unknown {
  if (error instanceof DingError) return error;
  const message = messageOf(error);
  const kind = KINDS.find(({ words }) => words.test(message));
  if (!kind) return error;
  const text = `Cannot ${verb} queue "${shown}": ${message}`;
  return new DingError(kind.code, text, { hint: kind.hint, cause: error });
}
