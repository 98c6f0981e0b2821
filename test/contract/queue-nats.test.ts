import { afterAll } from "bun:test";
import { openQueue } from "../../src/broker/open-queue.ts";
import { natsMissing, natsServer } from "../support/nats-server.ts";
import { testNeeding } from "../support/needs.ts";
import { queueContract } from "./queue.ts";

if (natsMissing === undefined) {
  const server = await natsServer();
  afterAll(() => server[Symbol.asyncDispose]());
  let places = 0;
  queueContract({
    can: ["lease", "delay", "key", "dead", "peek"],
    isShared: true,
    place: async () => {
      const url = `${server.url}?queue=place-${++places}`;
      return { open: (options) => openQueue(url, options), [Symbol.asyncDispose]: async () => {} };
    },
  });
} else {
  testNeeding(natsMissing)("nats: keeps the contract of queues", () => {});
}
