import { afterAll } from "bun:test";
import { openQueue } from "../../src/broker/open-queue.ts";
import { redisMissing, redisServer } from "../support/redis-server.ts";
import { testNeeding } from "../support/needs.ts";
import { queueContract } from "./queue.ts";

if (redisMissing === undefined) {
  const server = await redisServer();
  afterAll(() => server[Symbol.asyncDispose]());
  let places = 0;
  queueContract({
    can: ["lease", "priority", "delay", "key", "dead", "peek"],
    isShared: true,
    place: async () => {
      const url = `${server.url}?queue=place-${++places}`;
      return { open: (options) => openQueue(url, options), [Symbol.asyncDispose]: async () => {} };
    },
  });
} else {
  testNeeding(redisMissing)("redis: keeps the contract of queues", () => {});
}
