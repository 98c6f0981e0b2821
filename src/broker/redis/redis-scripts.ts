import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { messageOf } from "../../core/errors.ts";

/** A script for the server, known there by its hash. */
export interface Script {
  text: string;
  sha: string;
}

export type ScriptArgument = string | number | Buffer;

export function makeScript(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** Runs it on the server, which may not know it yet, or not any more; texts come back as bytes. */
export async function runScript(
  redis: Redis,
  { text, sha }: Script,
  [prefix, ...rest]: [string, ...ScriptArgument[]],
): Promise<unknown> {
  try {
    return await redis.callBuffer("EVALSHA", sha, 1, prefix, ...rest);
  } catch (error) {
    if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
    return await redis.callBuffer("EVAL", text, 1, prefix, ...rest);
  }
}
