import { DingError } from "../core/errors.ts";
import { newId } from "../core/id.ts";
import type { Capability, CheckedJob } from "./driver.ts";
import type { NewJob } from "./job.ts";
import { unsupportedError } from "./queue-faults.ts";

/** What a job is measured by. */
export interface JobRules {
  url: string;
  can: ReadonlySet<Capability>;
  maxValueBytes: number;
}

const MOST_PRIORITY = 1_000;
const MOST_DELAY_MS = 10 * 365 * 86_400_000;
const MOST_NAME_LETTERS = 500;

/** The job with nothing left to guess; throws `usage.invalid-input` or `queue.unsupported`. */
export function checkJob(job: NewJob, { url, can, maxValueBytes }: JobRules): CheckedJob {
  const { id = newId(), key, value, priority = 0, delayMs = 0 } = job;
  if (!(value instanceof Uint8Array)) throw invalid(`its value is ${typeof value}`, "Pass bytes.");
  if (value.length > maxValueBytes) {
    const sizes = `its value has ${value.length} bytes, more than ${maxValueBytes}`;
    throw invalid(sizes, "Put what is large elsewhere, and its place into the job.");
  }
  checkName("id", id);
  if (key !== undefined) checkName("key", key);
  if (!Number.isInteger(priority) || Math.abs(priority) > MOST_PRIORITY) {
    throw invalid(`its priority is ${priority}`, "Pass a whole number from -1000 to 1000.");
  }
  checkDelay(delayMs);
  if (priority !== 0 && !can.has("priority")) throw unsupportedError("push", "priority", url);
  if (delayMs > 0 && !can.has("delay")) throw unsupportedError("push", "delay", url);
  if (key !== undefined && !can.has("key")) throw unsupportedError("push", "key", url);
  return { id, value, priority, delayMs, ...(key === undefined ? {} : { key }) };
}

/** Throws `usage.invalid-input` for what is no wait of at most ten years. */
export function checkDelay(delayMs: number): void {
  // Of a text, sums would be made by writing one behind the other.
  const isNumber = typeof delayMs === "number";
  if (isNumber && delayMs >= 0 && delayMs <= MOST_DELAY_MS) return;
  throw invalid(
    `its delay is ${isNumber ? `${delayMs} ms` : typeof delayMs}`,
    "Pass milliseconds from 0 to ten years.",
  );
}

function checkName(what: string, name: string): void {
  const isShort = typeof name === "string" && name.length > 0 && name.length <= MOST_NAME_LETTERS;
  if (!isShort)
    throw invalid(
      `its ${what} is no text of 1 to ${MOST_NAME_LETTERS} letters`,
      "Pass a short one.",
    );
  // Halves of letters are written as one and the same, and two names would be one.
  if (!name.isWellFormed()) throw invalid(`its ${what} is no Unicode text`, "Pass whole letters.");
}

function invalid(state: string, hint: string): DingError {
  return new DingError("usage.invalid-input", `Cannot push the job: ${state}`, { hint });
}
