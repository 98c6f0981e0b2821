import type { Buffer } from "node:buffer";
import type { DeadJob, Job, JobState, QueueStats, SeenJob } from "../job.ts";

/** A job in a script's reply: header, pushedMs, value, attempts, reasons as JSON, where it has some. */
export type JobReply = [Buffer, Buffer | number, Buffer, number | Buffer, Buffer?];

/** What stands before a job's value: only clients read it. */
export function headerOf(id: string, key: string | undefined): string {
  return JSON.stringify(key === undefined ? [id] : [id, key]);
}

/** The job as its taker gets it. */
export function jobOf([receipt, ...rest]: [Buffer, ...JobReply]): Job {
  const text = receipt.toString("latin1");
  return { ...factsOf(rest, Number(text.split(":", 3)[2])), receipt: text };
}

/** Its state before, its priority behind. */
export type SeenReply = [
  Buffer,
  Buffer,
  Buffer | number,
  Buffer,
  number | Buffer,
  Buffer,
  Buffer | number,
];

/** A job of a look: its state before, its priority behind. */
export function seenJobOf(reply: SeenReply): SeenJob {
  const [state, header, pushed, value, attempts, reasons, priority] = reply;
  const facts = factsOf([header, pushed, value, attempts, reasons], Number(priority));
  return { ...facts, state: state.toString() as JobState };
}

/** An entry of the stream of dead jobs. */
export function deadJobOf([, list]: [Buffer, Buffer[]]): DeadJob {
  const field = (name: string): Buffer => {
    const at = list.findIndex((each, index) => index % 2 === 0 && each.toString() === name);
    return list[at + 1] as Buffer;
  };
  const reply: JobReply = [field("h"), field("t"), field("v"), field("a"), field("r")];
  return { ...factsOf(reply, Number(field("p"))), diedAtMs: Number(field("d")) };
}

/** The reply of the script that counts. */
export function statsOf(reply: number[]): QueueStats {
  const [length = 0, delayed = 0, leased = 0, dead = 0, ageMs = -1] = reply;
  const ready = Math.max(0, length - delayed - leased);
  const oldestMs = ageMs < 0 ? undefined : ageMs;
  return { length, ready, delayed, leased, dead, oldestMs };
}

const NONE: readonly string[] = Object.freeze([]);

function factsOf(reply: JobReply, priority: number): Omit<Job, "receipt"> {
  const [header, pushed, value, attempts, reasons] = reply;
  const [id = "", key] = JSON.parse(header.toString()) as string[];
  return {
    id,
    ...(key === undefined ? {} : { key }),
    value: new Uint8Array(value),
    priority,
    attempt: Number(attempts),
    pushedAtMs: Number(pushed),
    reasons:
      reasons === undefined || reasons.length === 2
        ? NONE
        : (JSON.parse(reasons.toString()) as string[]),
  };
}
