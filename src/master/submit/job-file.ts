import type { Readable } from "node:stream";
import { z } from "zod";
import { DingError } from "../../core/errors.ts";
import { findJsonFault } from "../../config/json-fault.ts";
import { openJobText, type JobText } from "./job-text.ts";
import type { Line } from "./lines.ts";

/** What a file of tasks asks for. */
export interface Job extends AsyncDisposable {
  /** The file's name as messages show it. */
  readonly name: string;
  /** The slaves that the file names; empty when it names none. */
  readonly slaves: readonly string[];
  readonly channel: number | undefined;
  /** The number of tasks; undefined while a stream is still coming in. */
  readonly total: number | undefined;
  /** The data of each task in order, once; what was given out is not kept. */
  tasks(): AsyncGenerator<unknown>;
}

/** How to open a job. */
export interface OpenJobOptions {
  stdin: Readable;
  /** Sees every task before the first one runs; a stream is kept in a temporary file for that. */
  check?: ((index: number, data: unknown) => void) | undefined;
}

const MAX_DOCUMENT_CHARACTERS = 256 * 1024 * 1024;
const EXPECTED =
  'Expected JSON (one task or a list of tasks, or { "tasks": […], "slaves": […], "channel": 0 }) or JSON lines, one task a line.';

const jobSchema = z.strictObject({
  tasks: z.array(z.unknown()),
  slaves: z.union([z.string().transform((word) => [word]), z.array(z.string())]).default([]),
  channel: z.int().optional(),
});

/** Reads a file of tasks, or standard input for `-`: JSON, or JSON lines, which are streamed. */
export async function openJob(file: string, options: OpenJobOptions): Promise<Job> {
  const text = await openJobText(file, options.stdin, { keep: options.check !== undefined });
  try {
    const start = await readStart(text);
    if (start.kind === "document") return documentJob(start.document, text, options);
    return await linesJob(start.lines, text, options);
  } catch (error) {
    await text[Symbol.asyncDispose]();
    throw error;
  }
}

type Start =
  | { kind: "document"; document: unknown }
  | { kind: "lines"; lines: AsyncGenerator<unknown> };

/** JSON lines when the first line is a whole value and another follows; else all of it is one JSON text. */
async function readStart(text: JobText): Promise<Start> {
  const lines = text.lines();
  const head: Line[] = [];
  const isBlank = (line: Line): boolean => line.text.trim() === "";
  let first: Line | undefined;
  for (;;) {
    const next = await lines.next();
    if (next.done) break;
    head.push(next.value);
    if (isBlank(next.value)) continue;
    if (first) return { kind: "lines", lines: tasksOf(head, lines, text.name) };
    first = next.value;
    const value = parseOrNothing(first.text);
    if (text.isLines || isPlainTask(value)) {
      return { kind: "lines", lines: tasksOf(head, lines, text.name) };
    }
    if (value === undefined)
      return { kind: "document", document: await readAll(head, lines, text) };
  }
  if (first) return { kind: "document", document: await readAll(head, lines, text) };
  throw new DingError("usage.invalid-input", `Cannot read tasks from ${text.name}: it is empty`, {
    hint: EXPECTED,
  });
}

/** A first line that means the same task whether it is the whole text or the first of many lines. */
function isPlainTask(value: { value: unknown } | undefined): boolean {
  return value !== undefined && !Array.isArray(value.value) && !isJob(value.value);
}

function isJob(value: unknown): value is { tasks: unknown } {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "tasks");
}

async function readAll(
  head: readonly Line[],
  lines: AsyncGenerator<Line>,
  { name }: JobText,
): Promise<unknown> {
  const texts = head.map((line) => line.text);
  let length = 0;
  for await (const line of lines) {
    texts.push(line.text);
    length += line.text.length;
    if (length > MAX_DOCUMENT_CHARACTERS) {
      throw new DingError(
        "usage.invalid-input",
        `Cannot read tasks from ${name}: too long for one JSON text`,
        {
          hint: "Write JSON lines, one task a line; they are read as they are needed.",
        },
      );
    }
  }
  return parse(texts.join("\n"), name, 1);
}

async function* tasksOf(
  head: readonly Line[],
  rest: AsyncGenerator<Line>,
  name: string,
): AsyncGenerator<unknown> {
  try {
    for (const line of head) {
      if (line.text.trim() !== "") yield parse(line.text, name, line.number);
    }
    for await (const line of rest) {
      if (line.text.trim() !== "") yield parse(line.text, name, line.number);
    }
  } finally {
    await rest.return(undefined);
  }
}

function documentJob(document: unknown, text: JobText, { check }: OpenJobOptions): Job {
  const job = isJob(document)
    ? readJobObject(document, text.name)
    : { tasks: Array.isArray(document) ? document : [document], slaves: [], channel: undefined };
  if (check) for (const [index, data] of job.tasks.entries()) check(index, data);
  return {
    name: text.name,
    slaves: job.slaves,
    channel: job.channel,
    total: job.tasks.length,
    async *tasks() {
      // From the end, and taken off: a task that was given out is not held here any more.
      const left = job.tasks.toReversed();
      job.tasks.length = 0;
      while (left.length > 0) yield left.pop();
    },
    [Symbol.asyncDispose]: () => text[Symbol.asyncDispose](),
  };
}

async function linesJob(
  lines: AsyncGenerator<unknown>,
  text: JobText,
  { check }: OpenJobOptions,
): Promise<Job> {
  let total: number | undefined;
  if (text.isRereadable) {
    total = 0;
    for await (const data of lines) {
      check?.(total, data);
      total += 1;
    }
  }
  return {
    name: text.name,
    slaves: [],
    channel: undefined,
    total,
    tasks: () => (text.isRereadable ? tasksOf([], text.lines(), text.name) : lines),
    [Symbol.asyncDispose]: () => text[Symbol.asyncDispose](),
  };
}

function readJobObject(document: unknown, name: string): z.output<typeof jobSchema> {
  const parsed = jobSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.length ? `"${issue.path.join(".")}": ` : "";
  throw new DingError(
    "usage.invalid-input",
    `Cannot read tasks from ${name}: ${place}${issue?.message}`,
    {
      hint: 'Beside "tasks" there may be "slaves" and "channel"; put an object that is itself a task into a list.',
    },
  );
}

function parseOrNothing(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function parse(text: string, name: string, firstLine: number): unknown {
  const parsed = parseOrNothing(text);
  if (parsed) return parsed.value;
  const { line, column, reason } = findJsonFault(text) ?? { line: 1, column: 1, reason: "no JSON" };
  throw new DingError(
    "usage.invalid-input",
    `Cannot read tasks from ${name}: line ${line + firstLine - 1}, column ${column}: ${reason}`,
    { hint: EXPECTED },
  );
}
