import type { Redis } from "ioredis";
import type { Buffer } from "node:buffer";
import type { Clock } from "../../core/clock.ts";
import { randomToken } from "../../core/id.ts";
import type { Logger } from "../../core/log.ts";
import type {
  Capability,
  CheckedJob,
  Driver,
  DriverTerms,
  PurgeScope,
  RetryTerms,
  Taken,
} from "../driver.ts";
import { LEASE_ENDED, withReason, type DeadJob, type Lease, type Pushed } from "../job.ts";
import type { QueueStats, SeenJob } from "../job.ts";
import { Lane } from "../lane.ts";
import { expiredError, fullError } from "../queue-faults.ts";
import { pushBlob, stepBlob, type Step } from "./calls.ts";
import { checkForm, FORM_FIELDS } from "./form.ts";
import { PEEK, PURGE, REDRIVE, STATS } from "./lua/looking.ts";
import { PUSH } from "./lua/pushing.ts";
import { SETTLE, TAKE } from "./lua/working.ts";
import { RedisLink, type RedisAddress } from "./redis-link.ts";
import type { Ack, Reading } from "./receipts.ts";
import { settle } from "./settle.ts";
import { makeScript, runScript, type Script, type ScriptArgument } from "./redis-scripts.ts";
import { RedisWake } from "./redis-wake.ts";
import {
  deadJobOf,
  jobsOf,
  seenJobOf,
  statsOf,
  type SeenReply,
  type TakenReply,
} from "./replies.ts";

export interface RedisDriverOptions {
  address: RedisAddress;
  /** The queue's name. */
  queue: string;
  clock: Clock;
  log: Logger;
}

/** How long a call waits for a server that is not there. */
const WRITE_PATIENCE_MS = 30_000;
const READ_PATIENCE_MS = 5_000;
/** One script stops the server for as long as it takes: a few milliseconds. */
const MOST_STEPS = 1_000;
const MOST_PUSH_BYTES = 4 * 1024 * 1024;
const JOB_BYTES = 200;

const SCRIPTS = {
  push: makeScript(PUSH),
  take: makeScript(TAKE),
  settle: makeScript(SETTLE),
  stats: makeScript(STATS),
  peek: makeScript(PEEK),
  redrive: makeScript(REDRIVE),
  purge: makeScript(PURGE),
};

/** What the script says of a lease that has ended. */
const EXPIRED = "e";

const VERBS = {
  a: "acknowledge",
  x: "extend the lease of",
  r: "retry",
  l: "release",
  d: "give up",
} as const satisfies Record<Step["what"], string>;

type PushAnswer = 0 | "full" | Record<string, string>;

/**
 * A queue in Redis: `redis://HOST:PORT/DB?queue=NAME`. A stream for each priority, read by one consumer group; every
 * step is one script on the server, by the server's clock, so that no lease outlives itself. A call that a cut
 * connection leaves open is sent again, and does nothing twice.
 */
export class RedisDriver implements Driver {
  readonly can: ReadonlySet<Capability> = new Set<Capability>([
    "lease",
    "priority",
    "delay",
    "key",
    "dead",
    "peek",
  ]);
  readonly #terms: DriverTerms;
  readonly #link: RedisLink;
  readonly #wake: RedisWake;
  readonly #queue: string;
  readonly #prefix: string;
  readonly #client = randomToken(12);
  readonly #pushes: Lane<readonly CheckedJob[], PushAnswer>;
  readonly #steps: Lane<Step, string>;
  #calls = 0;

  constructor(options: RedisDriverOptions, terms: DriverTerms) {
    const { address, queue } = options;
    this.#terms = terms;
    this.#queue = queue;
    this.#prefix = `ding:{${queue}}:`;
    this.#link = new RedisLink(address, options);
    this.#wake = new RedisWake(address, `${this.#prefix}wake`, options);
    this.#pushes = new Lane({
      slots: 4,
      maxSize: MOST_PUSH_BYTES,
      sizeOf: (jobs) => jobs.reduce((size, { value }) => size + value.length + JOB_BYTES, 0),
      later: this.#link.later,
      send: (calls, slot) => this.#sendPushes(calls, slot),
    });
    this.#steps = new Lane({
      slots: 4,
      maxSize: MOST_STEPS,
      later: this.#link.later,
      send: (steps, slot) => this.#sendSteps(steps, slot),
    });
  }

  async open(): Promise<void> {
    try {
      await this.#link.open();
      const ask = (redis: Redis) => redis.hmget(`${this.#prefix}meta`, ...FORM_FIELDS);
      checkForm(this.#queue, await this.#link.run(ask, "read", READ_PATIENCE_MS));
      // A server that cannot serve says so now.
      await this.stats();
    } catch (error) {
      await this.#link[Symbol.asyncDispose]();
      throw error;
    }
  }

  async push(jobs: readonly CheckedJob[]): Promise<Pushed[]> {
    const answer = await this.#pushes.add(jobs);
    if (answer === "full") throw fullError(this.#terms.maxLength);
    return jobs.map(({ id }, index) => {
      const first = answer === 0 ? undefined : answer[index];
      return { id: first ?? id, isDuplicate: first !== undefined };
    });
  }

  async take(max: number, leaseMs: number): Promise<Taken> {
    const { maxAttempts } = this.#terms;
    // A token of its own for each call: an old receipt never fits a later delivery, not even of a server that began anew.
    const token = `${this.#client}.${++this.#calls}`;
    const args = [max, Math.ceil(leaseMs), token, maxAttempts, LEASE_ENDED];
    const turn = Promise.withResolvers<unknown>();
    this.#link.later(() => turn.resolve(this.#read("take", "take from", ...args)));
    const [again, ...parts] = (await turn.promise) as [number, ...TakenReply[]];
    const endsAtMs = performance.now() + leaseMs;
    const jobs = parts.flatMap((part) => jobsOf(part, endsAtMs));
    return { jobs, ...(again < 0 ? {} : { againInMs: again }) };
  }

  async ack(lease: Lease): Promise<void> {
    await this.#steps.add({ what: "a", lease, ms: 0, reason: "" });
  }

  async extend(lease: Lease, leaseMs: number): Promise<void> {
    await this.#steps.add({ what: "x", lease, ms: Math.ceil(leaseMs), reason: "" });
  }

  async retry(lease: Lease, { delayMs, reason }: RetryTerms): Promise<"retried" | "dead"> {
    const step: Step = { what: "r", lease, ms: delayMs, reason: shortReason(reason) };
    return (await this.#steps.add(step)) === "d" ? "dead" : "retried";
  }

  async release(lease: Lease): Promise<void> {
    await this.#steps.add({ what: "l", lease, ms: 0, reason: "" });
  }

  async deadLetter(lease: Lease, reason: string): Promise<void> {
    await this.#steps.add({ what: "d", lease, ms: 0, reason: shortReason(reason) });
  }

  async stats(): Promise<QueueStats> {
    const args = [this.#terms.maxAttempts, LEASE_ENDED];
    return statsOf((await this.#read("stats", "read", ...args)) as number[]);
  }

  async peek(max: number): Promise<SeenJob[]> {
    const args = [this.#terms.maxAttempts, LEASE_ENDED, max];
    const seen = await this.#read("peek", "read", ...args);
    return (seen as SeenReply[]).map(seenJobOf);
  }

  async dead(max: number): Promise<DeadJob[]> {
    const entries = await this.#link.run(
      (redis) => redis.xrangeBuffer(`${this.#prefix}dead`, "-", "+", "COUNT", max),
      "read",
      READ_PATIENCE_MS,
    );
    return (entries as [Buffer, Buffer[]][]).map(deadJobOf);
  }

  async redrive(ids: readonly string[] | undefined): Promise<number> {
    const key = `${this.#prefix}dead`;
    const newest = (redis: Redis) => redis.xrevrange(key, "+", "-", "COUNT", 1);
    // Those that die again meanwhile are not redriven again.
    const [last] = await this.#link.run(newest, "read", READ_PATIENCE_MS);
    if (!last) return 0;
    let count = 0;
    for (let from = "-"; ;) {
      const args = [from, last[0], ids === undefined ? "" : JSON.stringify(ids)];
      const [seen, more] = (await this.#read("redrive", "write to", ...args)) as [Buffer, number];
      count += more;
      if (seen.length === 0) return count;
      from = `(${seen.toString()}`;
    }
  }

  async purge(scope: PurgeScope): Promise<number> {
    return (await this.#read("purge", "write to", scope)) as number;
  }

  watch(nudge: () => void): Disposable {
    return this.#wake.watch(nudge);
  }

  hurry(): void {
    this.#link.hurry();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#pushes.settled(), this.#steps.settled()]);
    await Promise.all([this.#wake[Symbol.asyncDispose](), this.#link[Symbol.asyncDispose]()]);
  }

  /** What may be said twice. */
  #read(script: keyof typeof SCRIPTS, verb: string, ...args: ScriptArgument[]): Promise<unknown> {
    return this.#run(SCRIPTS[script], args, { verb, patienceMs: READ_PATIENCE_MS });
  }

  #run(
    script: Script,
    args: ScriptArgument[],
    { verb, patienceMs }: { verb: string; patienceMs: number },
  ): Promise<unknown> {
    const send = (redis: Redis) => runScript(redis, script, [this.#prefix, ...args]);
    return this.#link.run(send, verb, patienceMs);
  }

  async #once(script: Script, lane: string, args: ScriptArgument[]): Promise<string> {
    const all = [`${this.#client}:${lane}`, ++this.#calls, ...args];
    const reply = await this.#run(script, all, { verb: "write to", patienceMs: WRITE_PATIENCE_MS });
    return (reply as Buffer).toString();
  }

  async #sendPushes(calls: (readonly CheckedJob[])[], slot: number): Promise<PushAnswer[]> {
    const { maxLength, keyWindowMs } = this.#terms;
    const args = [maxLength, Math.max(1, Math.ceil(keyWindowMs)), calls.length, pushBlob(calls)];
    return JSON.parse(await this.#once(SCRIPTS.push, `p${slot}`, args)) as PushAnswer[];
  }

  async #sendSteps(steps: Step[], slot: number): Promise<(string | Error)[]> {
    const letters = await settle(steps, {
      settle: (acks, others) => this.#settle(acks, others, slot),
      mark: (reading) => this.#mark(reading),
    });
    return steps.map(({ what, lease }, index) => {
      const letter = letters[index] ?? "";
      return letter === EXPIRED ? expiredError(VERBS[what], lease) : letter;
    });
  }

  /** False if they have no lease together any more. What goes again after a cut says all that is done by then. */
  async #mark(reading: Reading): Promise<boolean> {
    const key = `${this.#prefix}done:${reading.token}`;
    const send = (redis: Redis) => redis.call("SET", key, reading.marks, "XX");
    return (await this.#link.run(send, "write to", WRITE_PATIENCE_MS)) !== null;
  }

  #settle(acks: Ack[], others: Step[], slot: number): Promise<string> {
    // Where all arguments are texts, the client writes them without a copy.
    const blob = others.length === 0 ? "" : stepBlob(others);
    const args = [this.#terms.maxAttempts, JSON.stringify(acks), others.length, blob];
    return this.#once(SCRIPTS.settle, `s${slot}`, args);
  }
}

/** As long as is kept, and without half letters, which the server's JSON cannot take. */
function shortReason(reason: string): string {
  return withReason([], reason).join("").toWellFormed();
}
