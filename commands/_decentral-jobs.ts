import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { findJsonFault } from "../src/config/json-fault.ts";
import { DingError } from "../src/core/errors.ts";
import type { NewJob } from "../src/broker/job.ts";
import { linesOf } from "../src/master/submit/lines.ts";
import { numberText, parseExactly } from "./_exact-json.ts";

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

/** A job, and where it stands: "jobs.jsonl", line 7. */
export interface ReadJob {
  job: NewJob;
  name: string;
}

/** The jobs in their order; throws `usage.invalid-input` that names the line that is none. */
export async function* jobsOf(
  source: JobSource,
  stdin: Readable,
): AsyncGenerator<ReadJob, void, undefined> {
  for await (const read of valuesOf(source.file, stdin)) {
    const job = source.envelope ? jobOfEnvelope(read, source) : jobOf(read, source);
    yield { job, name: read.name };
  }
}

/** The envelope, and what `queue peek --json` and `queue dead --json` say beside it: they may be pushed again. */
const ENVELOPE = new Set(["value", "id", "key", "priority", "delayMs"]);
const SEEN = new Set([
  "attempt",
  "reasons",
  "state",
  "pushedAtMs",
  "pushedAt",
  "diedAtMs",
  "diedAt",
]);

interface Read {
  value: unknown;
  /** As it stands there, where it has a line of its own. */
  text?: string;
  /** Where it stands. */
  name: string;
}

async function* valuesOf(file: string, stdin: Readable): AsyncGenerator<Read, void, undefined> {
  if (file !== "-") {
    const found = existsSync(file) ? statSync(file) : undefined;
    if (!found) throw invalid(`"${file}"`, "no such file");
    if (found.isDirectory()) throw invalid(`"${file}"`, "it is a folder");
  }
  if (/\.json$/i.test(file)) {
    const text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
    const value = parse(text, `"${file}"`);
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

/** What is wrong with the values of the rest, the queue says. */
function jobOfEnvelope({ value: given, name }: Read, source: JobSource): NewJob {
  if (typeof given !== "object" || given === null || !("value" in given)) {
    throw invalid(name, 'it has no "value"');
  }
  const unknown = Object.keys(given).find((field) => !ENVELOPE.has(field) && !SEEN.has(field));
  if (unknown !== undefined) throw invalid(name, `its envelope has an unknown "${unknown}"`);
  const { value, ...envelope } = given as Partial<NewJob> & { value: unknown };
  const { priority, delayMs } = source;
  return { priority, delayMs, ...envelope, value: bytesOf(value) };
}

function fieldOf(value: unknown, field: string, name: string): string {
  const found = (value as Record<string, unknown> | null)?.[field];
  if (typeof found === "string" && found !== "") return found;
  const number = numberText(found);
  if (number !== undefined) return number;
  throw invalid(name, `it has no text or number in "${field}"`);
}

function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function parse(text: string, name: string): unknown {
  try {
    return parseExactly(text);
  } catch (thrown) {
    const { column, reason } = findJsonFault(text);
    throw invalid(name, `it is no JSON: column ${column}: ${reason}`, thrown);
  }
}

function invalid(name: string, why: string, cause?: unknown): DingError {
  return new DingError("usage.invalid-input", `Cannot push ${name}: ${why}`, { cause });
}
