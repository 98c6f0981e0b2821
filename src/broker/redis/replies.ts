import { Buffer } from "node:buffer";
import type { DeadJob, Job, JobState, QueueStats, SeenJob } from "../job.ts";
import { ReadJob, Reading } from "./receipts.ts";

/** A job in a script's reply; its reasons are JSON. */
type JobReply = [data: Buffer, attempts: number | Buffer, reasons: Buffer, pushed: number | Buffer];

/** What was taken: jobs that were read together, or one that had come back; see `TAKE`. */
export type TakenReply = [kind: Buffer, Buffer, Buffer, ...(Buffer | number)[]];

/** An entry that jobs were taken from. */
type Block = [entry: Buffer, before: Buffer, ends: Buffer, data: Buffer, reasons: Buffer];
const PARTS = 5;

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

/** The jobs as their taker gets them, with leases that have ended for sure by then. */
export function jobsOf(reply: TakenReply, endsAtMs: number): Job[] {
  return reply[0].toString() === "s" ? freshJobsOf(reply, endsAtMs) : [heldJobOf(reply)];
}

function freshJobsOf([, priority, token, ...blocks]: TakenReply, endsAtMs: number): Job[] {
  let size = 0;
  for (let at = 2; at < blocks.length; at += PARTS) size += (blocks[at] as Buffer).length / 4;
  const names = { priority: priority.toString(), token: token.toString() };
  const reading = new Reading({ ...names, size, endsAtMs });
  const level = Number(priority);
  const jobs: Job[] = [];
  for (let at = 0; at < blocks.length; at += PARTS) {
    const [entry, before, ends, data, reasons] = blocks.slice(at, at + PARTS) as Block;
    const [number = 0, pushedAtMs = 0] = entry.toString("latin1").split("-", 2).map(Number);
    const [skip = 0, startsAt = 0] = before.toString("latin1").split(" ", 2).map(Number);
    // Of a Buffer pieces are Buffers.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
    const known = reasons.length === 0 ? NONE : (JSON.parse(reasons.toString()) as string[]);
    let from = 0;
    for (let index = 0; index < ends.length / 4; index++) {
      const to = ends.readUInt32BE(4 * index) - startsAt;
      const valueAt = from + 2 + data.readUInt16BE(from);
      const [id, key] = namesOf(data.toString("latin1", from + 2, valueAt));
      const value = bytes.slice(valueAt, to);
      const facts = { id, key, value, priority: level, pushedAtMs, reasons: known };
      const place = jobs.length;
      jobs.push(new ReadJob({ ...facts, number: number + skip + index }, reading, place));
      from = to;
    }
  }
  return jobs;
}

function heldJobOf([, receipt, ...job]: TakenReply): Job {
  const text = receipt.toString();
  const [, , priority] = text.split(":", 3);
  return { ...factsOf(job as JobReply, Number(priority)), receipt: text };
}

export function seenJobOf([state, ...reply]: SeenReply): SeenJob {
  const [data, attempts, reasons, pushed, priority] = reply;
  const facts = factsOf([data, attempts, reasons, pushed], Number(priority));
  return { ...facts, state: state.toString() as JobState };
}

/** An entry of the stream of dead jobs. */
export function deadJobOf([, list]: [Buffer, Buffer[]]): DeadJob {
  const field = (name: string): Buffer => {
    const at = list.findIndex((each, index) => index % 2 === 0 && each.toString() === name);
    return list[at + 1] as Buffer;
  };
  const reply: JobReply = [field("j"), field("a"), field("r"), field("t")];
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

function factsOf(
  [data, attempts, reasons, pushed]: JobReply,
  priority: number,
): Omit<Job, "receipt"> {
  const valueAt = 2 + data.readUInt16BE(0);
  const [id, key] = namesOf(data.toString("latin1", 2, valueAt));
  const facts = {
    id,
    value: new Uint8Array(data.subarray(valueAt)),
    priority,
    attempt: Number(attempts),
    pushedAtMs: Number(pushed),
    reasons: reasons.length === 2 ? NONE : (JSON.parse(reasons.toString()) as string[]),
  };
  return key === undefined ? facts : { ...facts, key };
}

/** Id and key in a header as it stands there, a letter for each byte. */
function namesOf(header: string): [id: string, key: string | undefined] {
  // Only an id, with nothing to be undone: nearly all are so.
  if (PLAIN.test(header)) return [header.slice(2, -2), undefined];
  const [id = "", key] = JSON.parse(Buffer.from(header, "latin1").toString()) as string[];
  return [id, key];
}

const PLAIN = /^\["[\w-]*"\]$/;
