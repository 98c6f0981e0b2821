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

/** Pushes as the script reads them. */
export function pushBlob(calls: readonly (readonly CheckedJob[])[]): Buffer {
  const blob = new Blob();
  for (const jobs of calls) {
    blob.uint32(jobs.length);
    for (const { id, key, value, priority, delayMs } of jobs) {
      blob.double(priority);
      blob.double(Math.ceil(delayMs));
      blob.text(key ?? "");
      blob.text(key === undefined ? "" : id);
      blob.pair(headerOf(id, key), value);
    }
  }
  return blob.bytes;
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
