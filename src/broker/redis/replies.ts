import type { Buffer } from "node:buffer";
import type { DeadJob, Job, JobState, QueueStats, SeenJob } from "../job.ts";

/** A job in a script's reply: its data; attempts, reasons as JSON and pushedMs, if they are not 1, none and in the receipt. */
type JobReply = [
  data: Buffer,
  attempts?: number | Buffer,
  reasons?: Buffer,
  pushed?: number | Buffer,
];

/** A job that was taken. */
export type TakenReply = [receipt: Buffer, ...JobReply];

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

/** The job as its taker gets it. */
export function jobOf([receipt, ...reply]: TakenReply): Job {
  const text = receipt.toString("latin1");
  const [, place = "", priority] = text.split(":", 3);
  const pushedMs = Number(place.slice(place.indexOf("-") + 1));
  return { ...factsOf(reply, Number(priority), pushedMs), receipt: text };
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
