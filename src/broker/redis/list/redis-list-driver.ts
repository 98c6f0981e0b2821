import type { Redis } from "ioredis";
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { Capability, CheckedJob, Driver, DriverTerms, Taken } from "../../driver.ts";
import type { DeadJob, Job, Lease, Pushed, QueueStats, SeenJob } from "../../job.ts";
import { fullError, unsupportedError } from "../../queue-faults.ts";
import { RedisLink, type RedisAddress } from "../redis-link.ts";
import { makeScript, runScript } from "../redis-scripts.ts";
import { ListWatch } from "./list-watch.ts";

export interface RedisListOptions {
  address: RedisAddress;
  /** The list's key. */
  key: string;
  /** Where its producers do not push: "left" for RPUSH, "right" for LPUSH. */
  pop: "left" | "right";
  clock: Clock;
  log: Logger;
}

const PATIENCE_MS = 5_000;
const WRITE_PATIENCE_MS = 30_000;

/** ARGV: the most there may be, how, values. Gives false if there is no room. */
const PUSH = makeScript(`
if redis.call('LLEN', KEYS[1]) + #ARGV - 2 > tonumber(ARGV[1]) then return 0 end
for i = 3, #ARGV do redis.call(ARGV[2], KEYS[1], ARGV[i]) end
return 1
`);

/**
 * A plain list that other programs push to: `redis-list://HOST:PORT/DB?queue=KEY`. What is taken is gone from it:
 * there is no lease, and a job that fails, or whose worker dies, is lost; so is what was on its way when the
 * connection broke. An id is made of the value.
 */
export class RedisListDriver implements Driver {
  readonly can: ReadonlySet<Capability> = new Set<Capability>(["peek"]);
  readonly #options: RedisListOptions;
  readonly #terms: DriverTerms;
  readonly #link: RedisLink;
  readonly #watch: ListWatch;

  constructor(options: RedisListOptions, terms: DriverTerms) {
    this.#options = options;
    this.#terms = terms;
    this.#link = new RedisLink(options.address, options);
    this.#watch = new ListWatch(options);
  }

  async open(): Promise<void> {
    try {
      await this.#link.open();
      await this.#length();
    } catch (error) {
      await this.#link[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Sent again after a cut: a job may be there twice then. */
  async push(jobs: readonly CheckedJob[]): Promise<Pushed[]> {
    const { key, pop } = this.#options;
    const { maxLength } = this.#terms;
    const values = jobs.map(({ value }) => asBuffer(value));
    const how = pop === "left" ? "RPUSH" : "LPUSH";
    const send = (redis: Redis) => runScript(redis, PUSH, [key, maxLength, how, ...values]);
    const isIn = await this.#link.run(send, "write to", WRITE_PATIENCE_MS);
    if (isIn === 0) throw fullError(maxLength);
    return jobs.map(({ value }) => ({ id: idOf(value), isDuplicate: false }));
  }

  async take(max: number): Promise<Taken> {
    const { key, pop } = this.#options;
    const send = (redis: Redis) =>
      pop === "left" ? redis.lpopBuffer(key, max) : redis.rpopBuffer(key, max);
    const values = (await this.#link.run(send, "take from", PATIENCE_MS)) ?? [];
    if (values.length < max) this.#watch.arm();
    return {
      jobs: values.map((value) => ({ ...factsOf(value), receipt: value.toString("base64") })),
    };
  }

  /** Puts back, to be the next again, what nobody waits for any more. */
  async release({ receipt }: Lease): Promise<void> {
    const { key, pop } = this.#options;
    const value = Buffer.from(receipt, "base64");
    const send = (redis: Redis) =>
      pop === "left" ? redis.lpush(key, value) : redis.rpush(key, value);
    await this.#link.run(send, "write to", WRITE_PATIENCE_MS);
  }

  async stats(): Promise<QueueStats> {
    const length = await this.#length();
    return { length, ready: length, delayed: 0, leased: 0, dead: 0, oldestMs: undefined };
  }

  async peek(max: number): Promise<SeenJob[]> {
    const { key, pop } = this.#options;
    const send = (redis: Redis) =>
      pop === "left" ? redis.lrangeBuffer(key, 0, max - 1) : redis.lrangeBuffer(key, -max, -1);
    const values = await this.#link.run(send, "read", PATIENCE_MS);
    if (pop === "right") values.reverse();
    return values.map((value) => ({ ...factsOf(value), attempt: 0, state: "ready" }));
  }

  async purge(): Promise<number> {
    const { key } = this.#options;
    const send = (redis: Redis) => redis.multi().llen(key).unlink(key).exec();
    const replies = await this.#link.run(send, "write to", WRITE_PATIENCE_MS);
    return Number(replies?.[0]?.[1] ?? 0);
  }

  watch(nudge: () => void): Disposable {
    return this.#watch.watch(nudge);
  }

  hurry(): void {
    this.#link.hurry();
  }

  ack(): Promise<never> {
    return this.#cannot("acknowledge", "lease");
  }

  extend(): Promise<never> {
    return this.#cannot("extend a lease", "lease");
  }

  retry(): Promise<never> {
    return this.#cannot("retry", "lease");
  }

  deadLetter(): Promise<never> {
    return this.#cannot("give up", "dead");
  }

  dead(): Promise<DeadJob[]> {
    return this.#cannot("list dead jobs", "dead");
  }

  redrive(): Promise<never> {
    return this.#cannot("redrive", "dead");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#watch[Symbol.asyncDispose](), this.#link[Symbol.asyncDispose]()]);
  }

  #length(): Promise<number> {
    const { key } = this.#options;
    return this.#link.run((redis) => redis.llen(key), "read", PATIENCE_MS);
  }

  async #cannot(verb: string, capability: Capability): Promise<never> {
    throw unsupportedError(verb, capability, this.#options.address.shown);
  }
}

function factsOf(bytes: Buffer): Omit<Job, "receipt"> {
  const value = new Uint8Array(bytes);
  const now = { pushedAtMs: Date.now(), attempt: 1, priority: 0, reasons: [] };
  return { id: idOf(value), value, ...now };
}

function idOf(value: Uint8Array): string {
  return createHash("sha1").update(value).digest("hex").slice(0, 20);
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
