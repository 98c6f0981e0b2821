import type { Msg } from "@nats-io/transport-node";
import type { Job } from "../job.ts";

/** What travels with a job's value. */
export interface Facts {
  id: string;
  key?: string;
  pushedAtMs: number;
  reasons: readonly string[];
}

/** What is known of a job that was tried: up to which delivery, how many of them do not count, and why it failed. */
export interface Note {
  delivery: number;
  skipped: number;
  reasons: string[];
}

/** One delivery of a message. */
export interface Delivery {
  /** Where its fate is told. */
  ackSubject: string;
  /** Its number in the stream. */
  seq: number;
  /** Which delivery this is, from 1. */
  count: number;
  data: Uint8Array;
  facts: Facts;
  /** When its time comes, of one that is delayed. */
  atMs: number;
  /** The name under which the server knows its push. */
  msgId: string;
}

const FACTS = "Ding-Job";
const AT = "Ding-At";
export const MSG_ID = "Nats-Msg-Id";
const SEQUENCE = "Nats-Sequence";

/** The headers of a job; they must be ASCII. */
export function headersOf(
  { id, key, pushedAtMs, reasons }: Facts,
  msgId: string,
  atMs?: number,
): Record<string, string> {
  const list = [id, key ?? null, pushedAtMs, reasons];
  const headers = { [FACTS]: encode(JSON.stringify(list)), [MSG_ID]: encode(msgId) };
  return atMs === undefined ? headers : { ...headers, [AT]: `${atMs}` };
}

/** What a message says of itself; one that another program has published has only its number. */
export function factsOf(message: Msg, seq: number, pushedAtMs: number): Facts {
  const text = message.headers?.get(FACTS) ?? "";
  if (text === "") return { id: `${seq}`, pushedAtMs, reasons: [] };
  const [id, key, pushed, reasons] = JSON.parse(decodeURIComponent(text)) as [
    string,
    string | null,
    number,
    string[],
  ];
  return { id, ...(key === null ? {} : { key }), pushedAtMs: pushed, reasons };
}

/** Reads a delivery: its reply subject tells the numbers, in one of two forms. */
export function deliveryOf(message: Msg): Delivery {
  const ackSubject = message.reply ?? "";
  const tokens = ackSubject.split(".");
  const from = tokens.length > 9 ? 6 : 4;
  const [count = 1, seq = 0, , nanos = 0] = tokens.slice(from).map(Number);
  return {
    ackSubject,
    seq,
    count,
    data: message.data,
    facts: factsOf(message, seq, Math.floor(nanos / 1e6)),
    atMs: Number(message.headers?.get(AT) ?? 0),
    msgId: decodeURIComponent(message.headers?.get(MSG_ID) ?? ""),
  };
}

/** The number of a message that was looked up. */
export function sequenceOf(message: Msg): number {
  return Number(message.headers?.get(SEQUENCE) ?? 0);
}

/** A job as those see it who look it up. */
export function lookOf(message: Msg, attempt: number): Omit<Job, "receipt"> {
  const facts = factsOf(message, sequenceOf(message), Date.now());
  return { ...facts, value: message.data.slice(), priority: 0, attempt };
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
