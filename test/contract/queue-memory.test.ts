import { openQueue } from "../../src/broker/open-queue.ts";
import { queueContract } from "./queue.ts";

queueContract({
  can: ["lease", "priority", "delay", "key", "dead", "peek"],
  isShared: false,
  place: async () => ({
    open: (options) => openQueue("memory:", options),
    [Symbol.asyncDispose]: async () => {},
  }),
});
