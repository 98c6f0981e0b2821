import type { Buffer } from "node:buffer";
import type { DeadJob, Job, JobState, QueueStats, SeenJob } from "../job.ts";
import { freshReceipts } from "./receipts.ts";

/** A job in a script's reply: its data; attempts, reasons as JSON and pushedMs, if they are not 1, none and in the receipt. */
type JobReply = [
  data: Buffer,
  attempts?: number | Buffer,
  reasons?: Buffer | undefined,
  pushed?: number | Buffer,
];

/** What was taken: jobs that were read together (of each id, data and, if it was dead, its reasons), or one that had come back. */
export type TakenReply = [kind: Buffer, Buffer, Buffer, ...(Buffer | number)[]];

/** A job that was looked at: its state before, its priority behind. */
export type SeenReply = [
  state: Buffer,
  data: Buffer,
  attempts: number | Buffer,
  reasons: Buffer,
  pushed: number | Buffer,
  priority: number | Buffer,
];

/** What stands before a job's value: only clients read it. */
export function headerOf(id: string, key: string | undefined): string {
  return JSON.stringify(key === undefined ? [id] : [id, key]);
}

/** The jobs as their taker gets them. */
export function jobsOf(reply: TakenReply): Job[] {
  return reply[0].toString() === "s" ? freshJobsOf(reply) : [heldJobOf(reply)];
}

function freshJobsOf([, priority, token, ...fields]: TakenReply): Job[] {
  const level = Number(priority);
  const receiptOf = freshReceipts(priority.toString(), token.toString());
  const jobs: Job[] = [];
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const id = (fields[at] as Buffer).toString("latin1");
    const reasons = fields[at + 2] as Buffer | 0;
    const data: JobReply = [fields[at + 1] as Buffer, 1, reasons === 0 ? undefined : reasons];
    const pushedMs = Number(id.slice(id.indexOf("-") + 1));
    jobs.push({ ...factsOf(data, level, pushedMs), receipt: receiptOf(id) });
  }
  return jobs;
}

function heldJobOf([, receipt, ...job]: TakenReply): Job {
  const text = receipt.toString();
  const [, , priority] = text.split(":", 3);
  return { ...factsOf(job as JobReply, Number(priority), 0), receipt: text };
}

export function seenJobOf([state, ...reply]: SeenReply): SeenJob {
  const [data, attempts, reasons, pushed, priority] = reply;
  const facts = factsOf([data, attempts, reasons, pushed], Number(priority), 0);
  return { ...facts, state: state.toString() as JobState };
}

/** An entry of the stream of dead jobs. */
export function deadJobOf([, list]: [Buffer, Buffer[]]): DeadJob {
  const field = (name: string): Buffer => {
    const at = list.findIndex((each, index) => index % 2 === 0 && each.toString() === name);
    return list[at + 1] as Buffer;
  };
  const reply: JobReply = [field("j"), field("a"), field("r"), field("t")];
  return { ...factsOf(reply, Number(field("p")), 0), diedAtMs: Number(field("d")) };
}

/** The reply of the script that counts. */
export function statsOf(reply: number[]): QueueStats {
  const [length = 0, delayed = 0, leased = 0, dead = 0, ageMs = -1] = reply;
  const ready = Math.max(0, length - delayed - leased);
  const oldestMs = ageMs < 0 ? undefined : ageMs;
  return { length, ready, delayed, leased, dead, oldestMs };
}

const NONE: readonly string[] = Object.freeze([]);

function factsOf(
  [data, attempts = 1, reasons, pushed]: JobReply,
  priority: number,
  pushedMs: number,
): Omit<Job, "receipt"> {
  const valueAt = 2 + data.readUInt16BE(0);
  const [id = "", key] = JSON.parse(data.toString("utf8", 2, valueAt)) as string[];
  const facts = {
    id,
    value: new Uint8Array(data.subarray(valueAt)),
    priority,
    attempt: Number(attempts),
    pushedAtMs: pushed === undefined ? pushedMs : Number(pushed),
    reasons:
      reasons === undefined || reasons.length === 2
        ? NONE
        : (JSON.parse(reasons.toString()) as string[]),
  };
  return key === undefined ? facts : { ...facts, key };
}
