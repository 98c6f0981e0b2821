import { closeSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { DingError, messageOf, type Code } from "../../core/errors.ts";
import { formatResultLine, type ResultLine } from "./result-line.ts";

/** A file of result lines; each is on its way to the disk when `write` returns. */
export class ResultsFile implements Disposable {
  readonly path: string;
  readonly #fd: number;
  /** Where the last whole line ends; undefined for a pipe or a device. */
  #end: number | undefined;

  private constructor(path: string, fd: number, end: number | undefined) {
    this.path = path;
    this.#fd = fd;
    this.#end = end;
  }

  /** Begins a new file; one that already holds something is not touched. */
  static create(path: string): ResultsFile {
    const size = sizeOf(path);
    if (size === undefined || size === 0) return ResultsFile.append(path);
    throw new DingError(
      "usage.invalid-input",
      `Cannot write results to "${path}": it is not empty`,
      {
        hint: `Pass --resume ${path} to go on with it, or name another file.`,
      },
    );
  }

  /** Goes on behind what the file holds. */
  static append(path: string): ResultsFile {
    try {
      return new ResultsFile(path, openSync(path, "a"), sizeOf(path));
    } catch (error) {
      throw failure("usage.invalid-input", path, error);
    }
  }

  /** Writes one line. */
  write(line: ResultLine): void {
    const bytes = Buffer.from(`${formatResultLine(line)}\n`);
    try {
      let written = 0;
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      // Half a line must not be left before what a later run appends.
      if (this.#end !== undefined) ftruncateSync(this.#fd, this.#end);
      throw failure("state.invalid", this.path, error);
    }
    if (this.#end !== undefined) this.#end += bytes.length;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Undefined when it is not there, or is no regular file. */
function sizeOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : undefined;
}

function failure(code: Code, path: string, cause: unknown): DingError {
  return new DingError(code, `Cannot write results to "${path}": ${messageOf(cause)}`, { cause });
}
