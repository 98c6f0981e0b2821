import type { z } from "zod";
import { openQueue } from "../src/broker/open-queue.ts";
import type { Queue } from "../src/broker/queue.ts";
import { listenOptions } from "../src/config/listen.ts";
import { DingError } from "../src/core/errors.ts";
import type { Logger } from "../src/core/log.ts";
import { queueOption } from "../src/decentral/options.ts";
import { parseExactly } from "./_exact-json.ts";

/** The options of every command about a queue. */
export const queueOptions = {
  queue: queueOption.meta({ group: "Queue", placeholder: "URL" }),
  json: listenOptions.json,
  logLevel: listenOptions.logLevel,
};

/** What such a command was given. */
export type QueueOptions = z.output<z.ZodObject<typeof queueOptions>>;

/** Opens the queue that is meant; refuses one that only this process would see. */
export async function openNamedQueue({ queue: url }: QueueOptions, log: Logger): Promise<Queue> {
  if (!url.startsWith("memory:")) return await openQueue(url, { log });
  throw new DingError("usage.invalid-option", `Cannot use queue "${url}": it is of one process`, {
    hint: "Use sqlite:./jobs.db, which all processes of this machine share.",
  });
}

/** What was pushed, for people and programs: JSON, or text, or bytes as base64. */
export function shownValue(value: Uint8Array): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(value);
    try {
      const shown = parseExactly(text);
      JSON.stringify(shown); // what is nested very deeply can be read, and not be written
      return shown;
    } catch {
      return text;
    }
  } catch {
    return { base64: Buffer.from(value).toString("base64") };
  }
}
