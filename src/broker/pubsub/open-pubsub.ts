import { systemClock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { silentLogger } from "../../core/log.ts";
import { parseNatsUrl } from "../nats/nats-names.ts";
import { NatsPubSubDriver } from "../nats/nats-pubsub.ts";
import { parseQueueUrl, refuseOtherParameters, type QueueUrl } from "../queue-url.ts";
import { RedisPubSubDriver } from "../redis/redis-pubsub.ts";
import { parseRedisUrl } from "../redis/redis-url.ts";
import { BrokerPubSub } from "./broker-pubsub.ts";
import { MemoryPubSubDriver } from "./memory-driver.ts";
import type { PubSubDriver } from "./pubsub-driver.ts";
import type { PubSub, PubSubOptions } from "./pubsub.ts";

/**
 * Opens publish and subscribe by URL: `memory:NAME` within this process, `redis://user:password@host:port` (`rediss:`
 * or `?tls=true` over TLS), `nats://user:password@host:port` (`?tls=true`). Rejects with `usage.invalid-option` for what
 * is no broker's URL, with `network.unreachable`, `auth.missing` or `auth.refused` when the first connection fails.
 */
export async function openPubSub(url: string, options: PubSubOptions = {}): Promise<PubSub> {
  const { driver, shown } = driverOf(url, options);
  return await new BrokerPubSub(shown, driver, options).start();
}

function driverOf(
  url: string,
  { log = silentLogger, clock = systemClock }: PubSubOptions,
): { driver: PubSubDriver; shown: string } {
  try {
    const parsed = parseQueueUrl(url);
    const { scheme, shown } = parsed;
    if ("queue" in parsed.parameters) throw notABroker(shown);
    if (scheme === "memory") return { driver: memoryOf(parsed), shown };
    if (scheme === "nats")
      return { driver: new NatsPubSubDriver(parseNatsUrl(parsed), log), shown };
    if (scheme !== "redis" && scheme !== "rediss") throw notABroker(shown);
    return { driver: new RedisPubSubDriver(parseRedisUrl(parsed), { clock, log }), shown };
  } catch (error) {
    throw asBroker(error);
  }
}

function memoryOf(url: QueueUrl): MemoryPubSubDriver {
  refuseOtherParameters(url, []);
  return new MemoryPubSubDriver(url.rest);
}

const HINT = "Pass redis://HOST:PORT, nats://HOST:PORT, or memory: within one process.";

function notABroker(shown: string): DingError {
  const text = `Cannot use broker "${shown}": it is no broker's URL`;
  return new DingError("usage.invalid-option", text, { hint: HINT });
}

/** The readers of URLs speak of queues, for which they are made. */
function asBroker(error: unknown): DingError {
  const { code, message } = DingError.from(error);
  const told = message.replace(' queue "', ' broker "').replace("queue's URL", "broker's URL");
  return new DingError(code, told, { hint: HINT });
}
