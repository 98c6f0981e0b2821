import type { Job, Lease } from "../job.ts";
import type { Step } from "./calls.ts";

/** Bits of a word; the server's have a sign beyond. */
const WORD = 30;

/** What is to be known of a job that nobody had before. */
export interface FreshFacts extends Omit<Job, "receipt" | "attempt" | "key"> {
  key: string | undefined;
  /** Of its entry in the stream. */
  entry: string;
}

/** Jobs that were read together: the server knows of each by its place among them which are done. */
export class Reading {
  readonly token: string;
  readonly #tail: string;

  constructor(priority: string, token: string) {
    this.token = token;
    this.#tail = `:${priority}:${token}`;
  }

  /** Shown for anything but an acknowledgement. */
  receiptOf(entry: string): string {
    return `s:${entry}${this.#tail}`;
  }
}

/** A job that nobody had before. A copy of it is as good, but for the server's time. */
export class FreshJob implements Job {
  readonly id: string;
  readonly value: Uint8Array;
  readonly priority: number;
  readonly attempt = 1;
  readonly pushedAtMs: number;
  readonly reasons: readonly string[];
  readonly receipt: string;
  declare readonly key?: string;
  readonly #reading: Reading;
  readonly #place: number;

  constructor(facts: FreshFacts, reading: Reading, place: number) {
    this.id = facts.id;
    this.value = facts.value;
    this.priority = facts.priority;
    this.pushedAtMs = facts.pushedAtMs;
    this.reasons = facts.reasons;
    this.receipt = reading.receiptOf(facts.entry);
    if (facts.key !== undefined) this.key = facts.key;
    this.#reading = reading;
    this.#place = place;
  }

  /** With which others it was read, and where among them. */
  static origin(lease: Lease): { reading: Reading; place: number } | undefined {
    return #reading in lease ? { reading: lease.#reading, place: lease.#place } : undefined;
  }
}

/** Which jobs of one reading are done: how many, and they as bits, the first one's the lowest of the first word. */
export type Acks = [token: string, count: number, words: number[]];

/** Steps as the server wants them, and which is which. */
export interface SortedSteps {
  acks: Acks[];
  others: Step[];
  /** For each answer, in the order of the acks and then of the others, whose it is. */
  owners: number[];
}

/** What finishes fresh jobs goes first, by their reading, unless something else was said of the job before. */
export function sortSteps(steps: readonly Step[]): SortedSteps {
  const parts = new Map<Reading, Part>();
  const others: Step[] = [];
  const owners: number[] = [];
  const spokenOf = new Set<string>();
  steps.forEach((step, owner) => {
    const { what, lease } = step;
    const origin = what === "a" ? FreshJob.origin(lease) : undefined;
    if (origin && !(spokenOf.size > 0 && spokenOf.has(lease.receipt))) {
      let part = parts.get(origin.reading);
      if (!part) parts.set(origin.reading, (part = { words: [], done: [] }));
      if (mark(part.words, origin.place)) {
        part.done.push({ place: origin.place, owner });
        return;
      }
    }
    others.push(step);
    owners.push(owner);
    spokenOf.add(lease.receipt);
  });
  const acks: Acks[] = [];
  const first: number[] = [];
  for (const [{ token }, { words, done }] of parts) {
    acks.push([token, done.length, words]);
    done.sort((one, other) => one.place - other.place);
    for (const { owner } of done) first.push(owner);
  }
  return { acks, others, owners: [...first, ...owners] };
}

interface Part {
  words: number[];
  done: { place: number; owner: number }[];
}

/** False if it was marked before. */
function mark(words: number[], place: number): boolean {
  const at = Math.floor(place / WORD);
  while (words.length <= at) words.push(0);
  const bit = 1 << (place % WORD);
  const word = words[at] ?? 0;
  if ((word & bit) !== 0) return false;
  words[at] = word | bit;
  return true;
}
