import { DingError } from "../../core/errors.ts";
import { newId } from "../../core/id.ts";
import type { CheckedJob, DriverTerms } from "../driver.ts";
import type { Pushed } from "../job.ts";
import { fullError } from "../queue-faults.ts";
import type { NatsLink } from "./nats-link.ts";
import { factsOf, headersOf } from "./nats-message.ts";
import type { NatsNames } from "./nats-names.ts";

interface Stored {
  seq: number;
  duplicate?: boolean;
}

const PATIENCE_MS = 30_000;
const WRITE = { verb: "write to", patienceMs: PATIENCE_MS };
/** How long a count of the jobs is believed, while they are less than half of what may be. */
const BELIEVED_MS = 1_000;
/** Published at a time. */
const MOST_OPEN = 256;
const HEADER_BYTES = 4_096;

/** Brings jobs to the server; each message has a name there, under which it is one, however often it is sent. */
export class NatsPublisher {
  readonly #link: NatsLink;
  readonly #names: NatsNames;
  readonly #terms: DriverTerms;
  /** Jobs when they were counted, and those of this process since. */
  #count = 0;
  /** Of these, those that are on their way. */
  #open = 0;
  #finished = 0;
  #countedMs = -Infinity;

  constructor(link: NatsLink, names: NatsNames, terms: DriverTerms) {
    this.#link = link;
    this.#names = names;
    this.#terms = terms;
  }

  /** All or none, as far as a server without transactions goes: what is in already, and has no key, is taken back. */
  async push(jobs: readonly CheckedJob[]): Promise<Pushed[]> {
    for (const { value } of jobs) this.#checkSize(value);
    const more = countOf(jobs);
    await this.#checkRoom(more);
    try {
      return await this.#publishAll(jobs);
    } finally {
      this.#open -= more;
      this.#finished += more;
    }
  }

  /** Puts a message there under a name of its own. */
  async publish(
    subject: string,
    { data, headers }: { data: Uint8Array; headers: Record<string, string> },
  ): Promise<Stored> {
    return await this.#link.api<Stored>(subject, { ...WRITE, data, headers });
  }

  async #publishAll(jobs: readonly CheckedJob[]): Promise<Pushed[]> {
    const pushed: Pushed[] = [];
    const stored: Stored[] = [];
    try {
      for (let at = 0; at < jobs.length; at += MOST_OPEN) {
        const sent = jobs.slice(at, at + MOST_OPEN).map((job) => this.#one(job, stored));
        const settled = await Promise.allSettled(sent);
        for (const each of settled) {
          if (each.status === "rejected") throw each.reason;
          pushed.push(each.value);
        }
      }
    } catch (error) {
      await this.#takeBack(stored);
      throw error;
    }
    return pushed;
  }

  async #one(job: CheckedJob, stored: Stored[]): Promise<Pushed> {
    const { id, key, value, delayMs } = job;
    const { ready, later } = this.#names;
    const msgId = key === undefined ? `p:${newId()}` : `k:${key}`;
    const nowMs = Date.now();
    const atMs = delayMs > 0 ? nowMs + Math.ceil(delayMs) : undefined;
    const facts = { id, ...(key === undefined ? {} : { key }), pushedAtMs: nowMs, reasons: [] };
    const headers = headersOf(facts, msgId, atMs);
    const subject = atMs === undefined ? ready : later;
    const answer = await this.publish(subject, { data: value, headers });
    // What has a key stays: the server knows the key for good, and would take no second push for the first.
    if (key === undefined) stored.push(answer);
    if (!answer.duplicate) return { id, isDuplicate: false };
    // Sent again after a cut it may be a duplicate of itself.
    const first = await this.#idAt(answer.seq);
    const isOwn = first === id || key === undefined;
    return { id: first ?? id, isDuplicate: !isOwn };
  }

  /** The id of a job that is in the stream still. */
  async #idAt(seq: number): Promise<string | undefined> {
    const call = { verb: "read", patienceMs: PATIENCE_MS, data: JSON.stringify({ seq }) };
    const message = await this.#link.ask(`$JS.API.DIRECT.GET.${this.#names.jobs}`, call);
    return message.headers?.code ? undefined : factsOf(message, seq, 0).id;
  }

  async #checkRoom(more: number): Promise<void> {
    const { maxLength } = this.#terms;
    const nowMs = performance.now();
    const isFar = 2 * (this.#count + more) < maxLength;
    if (!isFar || nowMs - this.#countedMs > BELIEVED_MS) {
      const finished = this.#finished;
      const info = await this.#link.api<{ state: { messages: number } }>(
        `$JS.API.STREAM.INFO.${this.#names.jobs}`,
        WRITE,
      );
      this.#count = info.state.messages + this.#open + this.#finished - finished;
      this.#countedMs = nowMs;
    }
    if (this.#count + more > maxLength) throw fullError(maxLength);
    this.#count += more;
    this.#open += more;
  }

  #checkSize(value: Uint8Array): void {
    const mostBytes = this.#link.maxBytes - HEADER_BYTES;
    if (value.length <= mostBytes) return;
    throw new DingError(
      "usage.invalid-input",
      `Cannot push the job: its value has ${value.length} bytes, more than ${mostBytes}`,
      { hint: "Raise max_payload of the NATS server, or put what is large elsewhere." },
    );
  }

  async #takeBack(stored: Stored[]): Promise<void> {
    const subject = `$JS.API.STREAM.MSG.DELETE.${this.#names.jobs}`;
    const calls = stored.map(({ seq }) =>
      this.#link.api(subject, {
        verb: "write to",
        patienceMs: 0,
        data: JSON.stringify({ seq, no_erase: true }),
      }),
    );
    await Promise.allSettled(calls); // what cannot be taken back is there: at least once
  }
}

/** As far as one sees here: those of one key are one job. */
function countOf(jobs: readonly CheckedJob[]): number {
  const keys = jobs.flatMap(({ key }) => key ?? []);
  return jobs.length - keys.length + new Set(keys).size;
}
