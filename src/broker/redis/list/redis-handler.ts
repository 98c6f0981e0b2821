import { silentLogger } from "../../../core/log.ts";
import { DingError, messageOf } from "../../../core/errors.ts";
import { RedisLink } from "../redis-link.ts";
import { wallClock } from "../../wall-clock.ts";

/** What a handler of a list is told beside its key and place. */
export interface RedisHandlerOptions {
  password?: string | null | undefined;
  username?: string | undefined;
  /** Default 0. */
  db?: number;
  /** Which one `pop` gives: default the oldest; the ancestor gave the newest. */
  pop?: "oldest" | "newest";
}

const PATIENCE_MS = 30_000;

/**
 * A list of JSON values in Redis, for plugins that take and push jobs themselves: the ancestor's
 * `RedisHandler(QUEUE_KEY, REDIS_IP, REDIS_PORT, password)`. What is popped is gone from the list. It connects with
 * the first call, and again for ever; a call waits 30 s for a server that is away and rejects then with
 * `network.unreachable`, at once with `auth.missing` or `auth.refused`.
 */
export class RedisHandler implements AsyncDisposable {
  readonly #key: string;
  readonly #link: RedisLink;
  readonly #isOldest: boolean;

  constructor(key: string, host: string, port: number, options: RedisHandlerOptions = {}) {
    const { password, username, db = 0, pop = "oldest" } = options;
    this.#key = key;
    this.#isOldest = pop === "oldest";
    const who = { username, password: password ?? undefined };
    const shown = `redis-list://${host}:${port}/${db}?queue=${key}`;
    const address = { host, port, ...who, db, isTls: false, path: "", shown };
    this.#link = new RedisLink(address, { clock: wallClock, log: silentLogger });
  }

  /** Adds a value, which travels as JSON, behind the others. */
  async push(value: unknown): Promise<void> {
    const text = JSON.stringify(value);
    if (typeof text !== "string") {
      throw new DingError("usage.invalid-input", `Cannot push ${typeof value}: it is no JSON`);
    }
    this.#link.start();
    await this.#link.run((redis) => redis.rpush(this.#key, text), "write to", PATIENCE_MS);
  }

  /** The next value, gone from the list; undefined if there is none. */
  async pop(): Promise<unknown> {
    this.#link.start();
    const text = await this.#link.run(
      (redis) => (this.#isOldest ? redis.lpop(this.#key) : redis.rpop(this.#key)),
      "take from",
      PATIENCE_MS,
    );
    if (text === null) return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
      throw new DingError(
        "usage.invalid-input",
        `Cannot read a value of list "${this.#key}": it is no JSON: ${messageOf(error)}`,
        { hint: "It is gone from the list; look who pushes to it.", details: { value: shown } },
      );
    }
  }

  /** How many values there are. */
  async length(): Promise<number> {
    this.#link.start();
    return await this.#link.run((redis) => redis.llen(this.#key), "read", PATIENCE_MS);
  }

  async close(): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
