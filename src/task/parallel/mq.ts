import { DingError } from "../../core/errors.ts";

/** Which broker is to carry events. */
export interface MqOptions {
  mqType?: string | undefined;
  mqUrl?: string | undefined;
  redisHost?: string | undefined;
  redisPort?: number | undefined;
}

const SCHEMES: Readonly<Record<string, RegExp>> = {
  redis: /^rediss?:\/\//,
  nats: /^(?:nats|tls):\/\//,
};

/** The broker's URL; undefined for the nodes' own links. Throws `usage.invalid-option`. */
export function brokerUrl({
  mqType = "nng",
  mqUrl,
  redisHost,
  redisPort,
}: MqOptions): string | undefined {
  const type = mqType.toLowerCase();
  if (!["nng", "redis", "nats"].includes(type)) {
    throw invalid(`Cannot use --mq-type ${mqType}: it is none of nng, redis, nats`);
  }
  const place = redisHost === undefined ? "--redis-port" : "--redis-host";
  const isPlaced = redisHost !== undefined || redisPort !== undefined;
  if (isPlaced && (mqUrl !== undefined || type !== "redis")) {
    const why = mqUrl === undefined ? "is for --mq-type redis" : "cannot be with --mq-url";
    throw invalid(
      `Cannot use ${place}: it ${why}`,
      `Pass ${mqUrl === undefined ? "--mq-type redis too" : "one of them"}.`,
    );
  }
  if (mqUrl !== undefined) {
    const scheme = SCHEMES[type];
    if (scheme && !scheme.test(mqUrl)) {
      throw invalid(`Cannot use --mq-url with --mq-type ${type}: it is for another broker`);
    }
    return mqUrl;
  }
  if (type === "nng") return undefined;
  if (type === "redis") return `redis://${redisHost ?? "127.0.0.1"}:${redisPort ?? 6_379}`;
  return "nats://127.0.0.1:4222";
}

function invalid(message: string, hint?: string): DingError {
  return new DingError("usage.invalid-option", message, { hint });
}
