import { DingError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import type { Driver, DriverTerms } from "./driver.ts";
import { MemoryDriver } from "./memory/memory-driver.ts";
import {
  notAQueue,
  parseQueueUrl,
  queueName,
  refuseOtherParameters,
  type QueueUrl,
} from "./queue-url.ts";
import { Queue } from "./queue.ts";
import { QUEUE_DEFAULTS, type QueueOptions } from "./queue-options.ts";
import { NatsDriver } from "./nats/nats-driver.ts";
import { parseNatsUrl } from "./nats/nats-names.ts";
import { RedisListDriver } from "./redis/list/redis-list-driver.ts";
import { RedisDriver } from "./redis/redis-driver.ts";
import { parseRedisUrl } from "./redis/redis-url.ts";
import { SqliteDriver } from "./sqlite/sqlite-driver.ts";
import { wallClock } from "./wall-clock.ts";

/** What a driver gets beside its URL. */
interface Means {
  clock: Clock;
  log: Logger;
}

type MakeDriver = (url: QueueUrl, terms: DriverTerms, means: Means) => Driver;

const KINDS: Record<string, MakeDriver> = {
  memory(url, terms, { clock }) {
    refuseOtherParameters(url, []);
    if (url.rest !== "") throw notAQueue(url.shown);
    return new MemoryDriver(terms, clock);
  },
  sqlite(url, terms, { clock }) {
    refuseOtherParameters(url, ["queue", "max_page_count"]);
    const path = url.rest.replace(/^\/\/(?=\/)/, "");
    if (path === "" || path.startsWith("//") || path.startsWith(":")) throw notAQueue(url.shown);
    const maxPages = pagesOf(url);
    const limit = maxPages === undefined ? {} : { maxPages };
    return new SqliteDriver(
      { path, queue: queueName(url), shown: url.shown, ...limit },
      terms,
      clock,
    );
  },
  redis: makeRedis,
  rediss: makeRedis,
  nats(url, terms, means) {
    const address = parseNatsUrl(url);
    return new NatsDriver({ address, queue: queueName(url), ...means }, terms);
  },
  "redis-list"(url, terms, means) {
    const address = parseRedisUrl(url, ["pop"]);
    const key = url.parameters["queue"] ?? "";
    const { pop = "left" } = url.parameters;
    if (key === "" || (pop !== "left" && pop !== "right")) throw notAQueue(url.shown);
    return new RedisListDriver({ address, key, pop, ...means }, terms);
  },
};

function makeRedis(url: QueueUrl, terms: DriverTerms, means: Means): Driver {
  return new RedisDriver({ address: parseRedisUrl(url), queue: queueName(url), ...means }, terms);
}

/**
 * Opens a queue by its URL: `memory:`, `sqlite:./jobs.db` (`?queue=NAME` for more than one in a file,
 * `&max_page_count=N` to bound it), `redis://user:password@host:port/db?queue=NAME` (`rediss:` over TLS),
 * `redis-list://…?queue=KEY`, `nats://…`. Rejects with `usage.invalid-option` for what is no queue's URL,
 * `queue.broken` for a file that cannot be one, `network.unreachable`, `auth.missing` or `auth.refused` for a server.
 */
export async function openQueue(url: string, options: QueueOptions = {}): Promise<Queue> {
  const parsed = parseQueueUrl(url);
  const make = Object.hasOwn(KINDS, parsed.scheme) ? KINDS[parsed.scheme] : undefined;
  if (!make) throw notAQueue(parsed.shown);
  const {
    maxAttempts = QUEUE_DEFAULTS.maxAttempts,
    maxLength = QUEUE_DEFAULTS.maxLength,
    keyWindowMs = QUEUE_DEFAULTS.keyWindowMs,
    clock = wallClock,
    log = silentLogger,
  } = options;
  const driver = make(parsed, { maxAttempts, maxLength, keyWindowMs }, { clock, log });
  return await new Queue(parsed.shown, driver, options).start();
}

function pagesOf({ parameters, shown }: QueueUrl): number | undefined {
  const text = parameters["max_page_count"];
  if (text === undefined || /^[1-9]\d{0,9}$/.test(text))
    return text === undefined ? undefined : Number(text);
  throw new DingError(
    "usage.invalid-option",
    `Cannot use queue "${shown}": max_page_count is "${text}"`,
    {
      hint: "Pass a whole number of pages of 4 KiB.",
    },
  );
}
