import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DingError, messageOf } from "../../core/errors.ts";
import { linesOf, type Line } from "./lines.ts";

/** The text of a job, wherever it comes from. */
export interface JobText extends AsyncDisposable {
  /** `"tasks.json"` in quotes, or `standard input`. */
  readonly name: string;
  /** True when `lines()` may be called again; a pipe gives its lines once. */
  readonly isRereadable: boolean;
  /** True when the name says that it is JSON lines. */
  readonly isLines: boolean;
  lines(): AsyncGenerator<Line>;
}

/** Opens a file, a pipe, or standard input (`-`); with `keep` a pipe is first written to a temporary file. */
export async function openJobText(
  file: string,
  stdin: Readable,
  { keep }: { keep: boolean },
): Promise<JobText> {
  const name = file === "-" ? "standard input" : `"${file}"`;
  const isFile = file !== "-" && (await isRegular(file, name));
  const isLines = /\.(?:jsonl|ndjson)$/i.test(file);
  if (isFile) return fileText(file, { name, isLines, dispose: async () => {} });
  const stream = file === "-" ? stdin : createReadStream(file);
  if (keep) {
    const folder = await mkdtemp(join(tmpdir(), "ding-submit-"));
    const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
    const path = join(folder, "tasks");
    try {
      await pipeline(stream, createWriteStream(path));
    } catch (error) {
      await dispose();
      throw error;
    }
    return fileText(path, { name, isLines, dispose });
  }
  return {
    name,
    isLines,
    isRereadable: false,
    lines: () => linesOf(stream, name),
    // Ends a read that is still waiting for somebody to write.
    [Symbol.asyncDispose]: async () => void stream.destroy(),
  };
}

function fileText(
  path: string,
  { name, isLines, dispose }: { name: string; isLines: boolean; dispose: () => Promise<void> },
): JobText {
  return {
    name,
    isLines,
    isRereadable: true,
    lines: () => linesOf(createReadStream(path), name),
    [Symbol.asyncDispose]: dispose,
  };
}

async function isRegular(file: string, name: string): Promise<boolean> {
  try {
    const found = await stat(file);
    if (!found.isDirectory()) return found.isFile();
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const reason = isMissing ? "no such file" : messageOf(error);
    throw new DingError("usage.invalid-input", `Cannot read tasks from ${name}: ${reason}`, {
      cause: error,
      ...(isMissing ? { hint: "Give a file of tasks, or - for standard input." } : {}),
    });
  }
  throw new DingError("usage.invalid-input", `Cannot read tasks from ${name}: it is a folder`);
}
