import { afterAll } from "bun:test";
import { openPubSub } from "../../src/broker/pubsub/open-pubsub.ts";
import { redisMissing, redisServer } from "../support/redis-server.ts";
import { testNeeding } from "../support/needs.ts";
import { pubSubBreaks } from "./pubsub-breaks.ts";
import { pubSubContract } from "./pubsub.ts";

if (redisMissing === undefined) {
  const server = await redisServer();
  afterAll(() => server[Symbol.asyncDispose]());
  pubSubContract({ url: server.url, open: (options) => openPubSub(server.url, options) });
  pubSubBreaks(() => redisServer(), openPubSub);
} else {
  testNeeding(redisMissing)("redis: keeps the contract of publish and subscribe", () => {});
}
