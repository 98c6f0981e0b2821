import { openQueue } from "../../src/broker/open-queue.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { queueContract } from "./queue.ts";

queueContract({
  can: ["lease", "priority", "delay", "key", "dead", "peek"],
  isShared: true,
  place: async () => {
    const folder = await tempFolder();
    return {
      open: (options) => openQueue(`sqlite:${folder.file("jobs.db")}`, options),
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  },
});
