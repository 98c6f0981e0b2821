import { afterAll } from "bun:test";
import { openPubSub } from "../../src/broker/pubsub/open-pubsub.ts";
import { natsMissing, natsServer } from "../support/nats-server.ts";
import { testNeeding } from "../support/needs.ts";
import { pubSubBreaks } from "./pubsub-breaks.ts";
import { pubSubContract } from "./pubsub.ts";

if (natsMissing === undefined) {
  const server = await natsServer();
  afterAll(() => server[Symbol.asyncDispose]());
  pubSubContract({ url: server.url, open: (options) => openPubSub(server.url, options) });
  pubSubBreaks(() => natsServer(), openPubSub);
} else {
  testNeeding(natsMissing)("nats: keeps the contract of publish and subscribe", () => {});
}
