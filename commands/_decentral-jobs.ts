import { createReadStream, readFileSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { findJsonFault } from "../src/config/json-fault.ts";
import { DingError } from "../src/core/errors.ts";
import type { NewJob } from "../src/broker/job.ts";
import { linesOf } from "../src/master/submit/lines.ts";

/** Which jobs are pushed, and how. */
export interface JobSource {
  /** JSON lines, a .json file with a list, or - for lines of standard input. */
  file: string;
  keyField?: string | undefined;
  idField?: string | undefined;
  priority: number;
  delayMs: number;
  /** Is each line a job with its envelope, and not a value? */
  envelope: boolean;
}

/** The jobs in their order; throws `usage.invalid-option` that names the line that is none. */
export async function* jobsOf(
  source: JobSource,
  stdin: Readable,
): AsyncGenerator<NewJob, void, undefined> {
  for await (const read of valuesOf(source.file, stdin)) {
    yield source.envelope ? jobOfEnvelope(read, source) : jobOf(read, source);
  }
}

interface Read {
  value: unknown;
  /** As it stands there, where it has a line of its own: numbers may have more digits than we hold. */
  text?: string;
  /** Where it stands. */
  name: string;
}

async function* valuesOf(file: string, stdin: Readable): AsyncGenerator<Read, void, undefined> {
  if (file !== "-" && statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw invalid(`"${file}"`, "no such file");
  }
  if (/\.json$/i.test(file)) {
    const value = parse(readFileSync(file, "utf8"), `"${file}"`);
    const list: unknown[] = Array.isArray(value) ? value : [value];
    for (const [index, one] of list.entries())
      yield { value: one, name: `"${file}", job ${index + 1}` };
    return;
  }
  const name = file === "-" ? "standard input" : `"${file}"`;
  const stream = file === "-" ? stdin : createReadStream(file);
  for await (const { number, text } of linesOf(stream, name)) {
    if (text.trim() === "") continue;
    const place = `${name}, line ${number}`;
    yield { value: parse(text, place), text: text.trim(), name: place };
  }
}

function jobOf({ value, text, name }: Read, source: JobSource): NewJob {
  const { keyField, idField, priority, delayMs } = source;
  const key = keyField === undefined ? undefined : fieldOf(value, keyField, name);
  const id = idField === undefined ? undefined : fieldOf(value, idField, name);
  return {
    value: text === undefined ? bytesOf(value) : new TextEncoder().encode(text),
    priority,
    delayMs,
    ...(key !== undefined && { key }),
    ...(id !== undefined && { id }),
  };
}

/** What is wrong with the rest of it, the queue says. */
function jobOfEnvelope({ value: given, name }: Read, source: JobSource): NewJob {
  if (typeof given !== "object" || given === null || !("value" in given)) {
    throw invalid(name, 'it has no "value"');
  }
  const { value, ...envelope } = given as Partial<NewJob> & { value: unknown };
  const { priority, delayMs } = source;
  return { priority, delayMs, ...envelope, value: bytesOf(value) };
}

function fieldOf(value: unknown, field: string, name: string): string {
  const found = (value as Record<string, unknown> | null)?.[field];
  if (typeof found === "string" && found !== "") return found;
  if (typeof found === "number") return `${found}`;
  throw invalid(name, `it has no text or number in "${field}"`);
}

function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    const { column, reason } = findJsonFault(text);
    throw invalid(name, `it is no JSON: column ${column}: ${reason}`, thrown);
  }
}

function invalid(name: string, why: string, cause?: unknown): DingError {
  return new DingError("usage.invalid-input", `Cannot push ${name}: ${why}`, { cause });
}
