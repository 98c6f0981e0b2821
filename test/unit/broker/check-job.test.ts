import { expect, test } from "bun:test";
import { checkJob } from "../../../src/broker/check-job.ts";
import type { NewJob } from "../../../src/broker/job.ts";

const RULES = { url: "memory:", can: new Set(["delay", "key"] as const), maxValueBytes: 10 };
const value = new Uint8Array(1);

const WRONG: [string, Record<string, unknown>, string][] = [
  ["a delay in a text", { value, delayMs: "5" }, "its delay is string"],
  ["a delay before now", { value, delayMs: -1 }, "its delay is -1 ms"],
  ["half of a letter in a key", { value, key: "a\ud800" }, "its key is no Unicode text"],
  ["an id that is no text", { value, id: 7 }, "its id is no text"],
];
for (const [what, job, message] of WRONG) {
  test(`checkJob() refuses ${what}`, () => {
    expect(() => checkJob(job as unknown as NewJob, RULES)).toThrow(message);
  });
}
