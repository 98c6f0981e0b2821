import type { Buffer } from "node:buffer";
import type { CheckedJob } from "../driver.ts";
import type { Lease } from "../job.ts";
import { Blob } from "./blob.ts";
import { headerOf } from "./replies.ts";

/** What is said of a job that was taken. */
export interface Step {
  /** Ack, extend, retry, release, dead. */
  what: "a" | "x" | "r" | "l" | "d";
  lease: Lease;
  ms: number;
  reason: string;
}

/** So many jobs lie in the stream as one entry, at most … */
const MOST_JOBS = 64;
/** … and about so many bytes of values: who takes one of them reads them all. */
const MOST_BYTES = 16 * 1024;

/** Pushes as the script reads them. */
export function pushBlob(calls: readonly (readonly CheckedJob[])[]): Buffer {
  const blob = new Blob();
  for (const jobs of calls) {
    const countAt = blob.room(4);
    let count = 0;
    for (let from = 0, to = 0; from < jobs.length; from = to) {
      to = blockEnd(jobs, from);
      writeBlock(blob, jobs.slice(from, to));
      count++;
    }
    blob.fill(countAt, count);
  }
  return blob.bytes;
}

/** Behind the last job that lies in one entry with the first one. */
function blockEnd(jobs: readonly CheckedJob[], from: number): number {
  const first = jobs[from];
  let at = from;
  let bytes = 0;
  for (; at < jobs.length && at < from + MOST_JOBS; at++) {
    const job = jobs[at];
    if (!job || !first || job.priority !== first.priority) break;
    bytes += job.value.length;
    if (at > from && (job.delayMs > 0 || first.delayMs > 0 || bytes > MOST_BYTES)) break;
  }
  return at;
}

function writeBlock(blob: Blob, jobs: readonly CheckedJob[]): void {
  blob.double(jobs[0]?.priority ?? 0);
  blob.double(Math.ceil(jobs[0]?.delayMs ?? 0));
  blob.uint32(4 * jobs.length);
  const endsAt = blob.room(4 * jobs.length);
  const sizeAt = blob.room(4);
  let size = 0;
  jobs.forEach(({ id, key, value }, index) => {
    size += blob.pair(headerOf(id, key), value);
    blob.fill(endsAt + 4 * index, size);
  });
  blob.fill(sizeAt, size);
  const hasKeys = jobs.some(({ key }) => key !== undefined);
  const names = jobs.flatMap(({ id, key }) => (key === undefined ? ["", ""] : [key, id]));
  blob.text(hasKeys ? JSON.stringify(names) : "");
}

/** Steps as the script reads them. */
export function stepBlob(steps: readonly Step[]): Buffer {
  const blob = new Blob();
  for (const { what, ms, lease, reason } of steps) {
    blob.letter(what);
    blob.double(ms);
    blob.text(lease.receipt);
    blob.text(reason);
  }
  return blob.bytes;
}
