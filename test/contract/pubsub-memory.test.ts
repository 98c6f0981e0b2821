import { openPubSub } from "../../src/broker/pubsub/open-pubsub.ts";
import { pubSubContract } from "./pubsub.ts";

pubSubContract({
  url: "memory:contract",
  open: (options) => openPubSub("memory:contract", options),
});
