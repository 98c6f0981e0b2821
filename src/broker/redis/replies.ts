import { Buffer } from "node:buffer";
import { msgpack } from "../../protocol/codec.ts";
import type { DeadJob, Job, JobState, QueueStats, SeenJob } from "../job.ts";
import { FreshJob, Reading } from "./receipts.ts";

/** A job in a script's reply; its reasons are JSON. */
type JobReply = [data: Buffer, attempts: number | Buffer, reasons: Buffer, pushed: number | Buffer];

/** What was taken: jobs that were read together, or one that had come back; see `TAKE`. */
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

function freshJobsOf([, priority, token, ...rest]: TakenReply): Job[] {
  const [entries, sizes, reasons, data] = rest as [Buffer, Buffer, Buffer, Buffer];
  const level = Number(priority);
  const reading = new Reading(priority.toString(), token.toString());
  const reasonsOf = reasons.length === 0 ? undefined : (JSON.parse(reasons.toString()) as Texts);
  const lengths = msgpack.decode(sizes) as number[];
  // Of a Buffer pieces are Buffers.
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  let at = 0;
  return entries
    .toString("latin1")
    .split(" ")
    .map((entry, place) => {
      const endsAt = at + (lengths[place] ?? 0);
      const valueAt = at + 2 + data.readUInt16BE(at);
      const [id, key] = namesOf(data.toString("latin1", at + 2, valueAt));
      const facts = {
        entry,
        id,
        key,
        value: bytes.slice(valueAt, endsAt),
        priority: level,
        pushedAtMs: Number(entry.slice(entry.indexOf("-") + 1)),
        reasons: reasonsOf?.[place] || NONE,
      };
      at = endsAt;
      return new FreshJob(facts, reading, place);
    });
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

/** Of each job its reasons, or 0. */
type Texts = (readonly string[] | 0)[];

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
