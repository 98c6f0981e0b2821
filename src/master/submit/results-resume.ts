import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { DingError, messageOf } from "../../core/errors.ts";
import { linesOf } from "./lines.ts";
import { isSettled, parseResultLine, type EndStatus } from "./result-line.ts";
import { identityOf, taskIdentity } from "./task-identity.ts";

/** What an earlier run of the same job left in its results file. */
export class EarlierResults {
  readonly #path: string;
  readonly #done = new Map<number, { identity: string; status: EndStatus }>();

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Reads a results file; a file that is not there holds nothing. A last line that a crash tore
   * is completed if it is whole, else cut off: its task runs again.
   */
  static async read(path: string): Promise<EarlierResults> {
    const earlier = new EarlierResults(path);
    const found = await stat(path).catch(() => undefined);
    if (!found) return earlier;
    if (!found.isFile()) throw notOurs(path, "it is no regular file");
    if (found.size === 0) return earlier;
    await using file = await open(path, "r+").catch((error: unknown) => {
      throw notOurs(path, messageOf(error));
    });
    const { torn, from } = await readTorn(file, found.size);
    const isWhole = parseResultLine(torn.toString("utf8")) !== undefined;
    if (!isWhole && !looksLikeOurs(torn)) throw notOurs(path, "its last line is no result line");
    const end = isWhole ? found.size : from;
    const lines = end === 0 ? [] : linesOf(createReadStream(path, { end: end - 1 }), `"${path}"`);
    for await (const line of lines) earlier.#add(line.text, line.number);
    // Mended only now: a file that turned out to be a stranger's stays as it is.
    if (isWhole) await file.write("\n", found.size);
    else if (torn.length > 0) await file.truncate(from);
    return earlier;
  }

  /** How many tasks need not run again. */
  get size(): number {
    return this.#done.size;
  }

  /** How many of those ended well, or otherwise. */
  count(status: EndStatus): number {
    let count = 0;
    for (const done of this.#done.values()) if (done.status === status) count += 1;
    return count;
  }

  has(index: number): boolean {
    return this.#done.has(index);
  }

  /** Throws unless the task is the one whose result the file holds at this place, or the file holds none. */
  check(index: number, data: unknown): void {
    const done = this.#done.get(index);
    if (!done || done.identity === taskIdentity(index, data)) return;
    throw otherJob(this.#path, `its result ${index} belongs to a task with other data`);
  }

  /** Throws when the file holds results of more tasks than the job has. */
  checkTotal(total: number): void {
    for (const index of this.#done.keys()) {
      if (index >= total)
        throw otherJob(this.#path, `it has a result ${index}, the job has ${total} tasks`);
    }
  }

  #add(text: string, number: number): void {
    const line = parseResultLine(text);
    const identity = line && identityOf(line.id);
    if (!line || identity === undefined)
      throw notOurs(this.#path, `line ${number} is no result line`);
    // A task that was lost has a line, and after a later run another one: the last one counts.
    if (isSettled(line.status)) this.#done.set(line.index, { identity, status: line.status });
    else this.#done.delete(line.index);
  }
}

const TAIL_BYTES = 64 * 1024;

/** The bytes behind the last line end. */
async function readTorn(
  file: Awaited<ReturnType<typeof open>>,
  size: number,
): Promise<{ torn: Buffer; from: number }> {
  let torn = Buffer.alloc(0);
  let from = size;
  while (from > 0) {
    const length = Math.min(TAIL_BYTES, from);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, from - length);
    const end = buffer.lastIndexOf(0x0a);
    torn = Buffer.concat([buffer.subarray(end + 1), torn]);
    from -= length - end - 1;
    if (end >= 0) break;
  }
  return { torn, from };
}

/** Nothing, or the beginning of a line of ours; some file systems leave zeros behind it after a power cut. */
function looksLikeOurs(torn: Buffer): boolean {
  const start = '{"index":';
  const text = torn.toString("latin1", 0, start.length).replace(/\0+$/, "");
  return text === start.slice(0, text.length);
}

function notOurs(path: string, reason: string): DingError {
  return new DingError("usage.invalid-input", `Cannot resume "${path}": ${reason}`, {
    hint: "Give the file that --out of an earlier run wrote.",
  });
}

function otherJob(path: string, reason: string): DingError {
  return new DingError("usage.invalid-input", `Cannot resume "${path}" with this job: ${reason}`, {
    hint: "Give the same tasks in the same order, or write to another file with --out.",
  });
}
