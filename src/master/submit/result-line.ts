import { z } from "zod";
import type { ErrorRecord } from "../../core/errors.ts";
import { writeJson } from "../../protocol/json-writer.ts";

/** How a task ended. */
export const END_STATUSES = [
  "COMPLETED",
  "FAILED",
  "CANCELLED",
  "TIMED_OUT",
  "LOST",
  "START_FAILED",
] as const;
export type EndStatus = (typeof END_STATUSES)[number];

/** What is told of one task when it has ended: a line of `--json` and of the results file. */
export interface ResultLine {
  /** Its place in the job, from 0. */
  index: number;
  id: string;
  status: EndStatus;
  result: unknown;
  error?: ErrorRecord;
  /** The slave of the last attempt, `HOST:PORT`. */
  slave: string;
  attempts: number;
  /** How long the last attempt took. */
  ms: number;
}

/** A task with this end was done with: running it again would tell nothing new. */
export function isSettled(status: EndStatus): boolean {
  return status === "COMPLETED" || status === "FAILED" || status === "TIMED_OUT";
}

/** The line as JSON, keys always in the same order; what JSON cannot hold is written as near as it can. */
export function formatResultLine(line: ResultLine): string {
  const { index, id, status, result, error, slave, attempts, ms } = line;
  const told = { index, id, status, result: result ?? null, error, slave, attempts, ms };
  return writeJson(told);
}

const lineSchema = z.strictObject({
  index: z.int().min(0),
  id: z.string(),
  status: z.enum(END_STATUSES),
  result: z.unknown(),
  error: z.unknown().optional(),
  slave: z.string(),
  attempts: z.int().min(0),
  ms: z.number(),
});

/** What `--resume` needs of a line, or undefined when the text is no result line. */
export function parseResultLine(
  text: string,
): Pick<ResultLine, "index" | "id" | "status"> | undefined {
  try {
    const parsed = lineSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
