import { notAQueue, refuseOtherParameters, type QueueUrl } from "../queue-url.ts";
import { parseServer } from "../server-url.ts";
import type { RedisAddress } from "./redis-link.ts";

const DEFAULT_PORT = 6379;

/**
 * Reads `redis://user:password@host:port/DB?queue=NAME`, with `&tls=true` for a server behind TLS; throws
 * `usage.invalid-option` for what is none.
 */
export function parseRedisUrl(url: QueueUrl, parameters: readonly string[] = []): RedisAddress {
  refuseOtherParameters(url, ["queue", "tls", ...parameters]);
  const server = parseServer(url, DEFAULT_PORT);
  const { tls = "false" } = url.parameters;
  if (!/^\d{0,5}$/.test(server.path) || !/^(true|false)$/.test(tls)) throw notAQueue(url.shown);
  const isTls = tls === "true" || url.scheme === "rediss";
  return { ...server, db: Number(server.path), isTls };
}
