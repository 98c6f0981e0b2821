import { Buffer } from "node:buffer";
import { FreshJob, type FreshFacts } from "../fresh-job.ts";
import type { Lease } from "../job.ts";
import type { Step } from "./calls.ts";

/** What is to be known of a job that was read. */
export interface ReadFacts extends FreshFacts {
  /** The server's. */
  number: number;
}

/** Which taking. */
export interface ReadingFacts {
  priority: string;
  token: string;
  size: number;
  /** When its lease has ended for sure, by `performance.now()`. */
  endsAtMs: number;
}

const [NOT_DONE, DONE] = [48, 49];

/** Jobs that were taken together: which of them are done is told by their places among them. */
export class Reading {
  readonly token: string;
  /** Each has a lease of its own by now, or none. */
  isApart = false;
  /** Under way when all of them are said to be done: was it heard? */
  ending: Promise<boolean> | undefined;
  readonly #tail: string;
  readonly #endsAtMs: number;
  /** Of each a letter: was it said that it is done? */
  readonly #asked: Buffer;
  #left: number;

  constructor({ priority, token, size, endsAtMs }: ReadingFacts) {
    this.token = token;
    this.#tail = `:${priority}:${token}`;
    this.#endsAtMs = endsAtMs;
    this.#asked = Buffer.alloc(size, NOT_DONE);
    this.#left = size;
  }

  /** Shown for anything but an acknowledgement. */
  receiptOf(number: number): string {
    return `h:${number}${this.#tail}`;
  }

  /** May its jobs be acknowledged by their places? */
  holds(nowMs: number): boolean {
    return !this.isApart && nowMs < this.#endsAtMs;
  }

  /** Of all jobs that were said to be done, "1" each, "0" of the others. */
  get marks(): string {
    return this.#asked.toString("latin1");
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  /** False if this was asked of the job before: the server would say again that it is done. */
  ask(place: number): boolean {
    if (this.#asked[place] !== NOT_DONE) return false;
    this.#asked[place] = DONE;
    this.#left--;
    return true;
  }

  /** Nobody knows whether the server has heard it. */
  forget(place: number): void {
    if (this.#asked[place] !== DONE) return;
    this.#asked[place] = NOT_DONE;
    this.#left++;
  }
}

/** A job that was read with others. A copy of it is as good, but for the server's time. */
export class ReadJob extends FreshJob {
  readonly #reading: Reading;
  readonly #place: number;

  constructor(facts: ReadFacts, reading: Reading, place: number) {
    super(facts, reading.receiptOf(facts.number));
    this.#reading = reading;
    this.#place = place;
  }

  /** With which others it was read, and where among them. */
  static origin(lease: Lease): { reading: Reading; place: number } | undefined {
    return #reading in lease ? { reading: lease.#reading, place: lease.#place } : undefined;
  }
}

/** Jobs of one reading that are done, by their places; `owner` is the index of the step that says so. */
export interface Acked {
  reading: Reading;
  places: { place: number; owner: number }[];
}

/** Steps as the server wants them. */
export interface SortedSteps {
  acked: Acked[];
  others: Step[];
  /** For each of the others, which step it is. */
  owners: number[];
}

/** What finishes fresh jobs is told by their reading, unless something else was said of one of them. */
export function sortSteps(steps: readonly Step[], nowMs: number): SortedSteps {
  const parts = new Map<Reading, Acked>();
  const others: Step[] = [];
  const owners: number[] = [];
  steps.forEach((step, owner) => {
    const origin = ReadJob.origin(step.lease);
    if (origin && step.what === "a" && origin.reading.holds(nowMs)) {
      const { reading, place } = origin;
      if (reading.ask(place)) {
        let part = parts.get(reading);
        if (!part) parts.set(reading, (part = { reading, places: [] }));
        part.places.push({ place, owner });
        return;
      }
    }
    // The server gives each of them a lease of its own for that.
    if (origin) origin.reading.isApart = true;
    others.push(step);
    owners.push(owner);
  });
  for (const { places } of parts.values()) places.sort((one, other) => one.place - other.place);
  return { acked: [...parts.values()], others, owners };
}

/** As the script wants it: token, how many, where they are, and whether all of the taking are done with them. */
export type Ack = [token: string, count: number, marks: string, isAll: 0 | 1];

export function ackOf({ reading, places }: Acked): Ack {
  const marks = Buffer.alloc((places.at(-1)?.place ?? 0) + 1, NOT_DONE);
  for (const { place } of places) marks[place] = DONE;
  return [reading.token, places.length, marks.toString("latin1"), reading.isDone ? 1 : 0];
}
