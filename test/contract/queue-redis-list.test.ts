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
    can: ["peek"],
    isShared: true,
    tellsAge: false,
    place: async () => {
      const url = `${server.url.replace("redis:", "redis-list:")}?queue=place-${++places}`;
      return { open: (options) => openQueue(url, options), [Symbol.asyncDispose]: async () => {} };
    },
  });
} else {
  testNeeding(redisMissing)("redis-list: keeps the contract of queues", () => {});
}
