import { DingError } from "../../core/errors.ts";
import { askSlave, type Question } from "./ask-slave.ts";
import type { Reach } from "./reach.ts";
import type { SlaveAddress } from "./slave-list.ts";

/** What a slave that is alive says of itself; nothing but the time if it tells no stranger. */
export interface Pong {
  ms: number;
  role: string | undefined;
  channel: number | undefined;
  version: string | undefined;
}

/** Rejects when nobody answers there; whoever answers is alive. */
export async function pingSlave(address: SlaveAddress, reach: Reach): Promise<Pong> {
  const ask = (path: string): Promise<unknown> => {
    const question: Question = { ...reach, method: "GET", path };
    return askSlave(address, question).catch((error: unknown) => {
      // Any answer, also a refusal, is a sign of life.
      if (!isAnswer(error)) throw error;
      return undefined;
    });
  };
  const startedAt = performance.now();
  await ask("/health/live");
  const ms = Math.round((performance.now() - startedAt) * 100) / 100;
  const status = ((await ask("/status")) ?? {}) as Record<string, unknown>;
  const { role, channel, version } = status;
  return {
    ms,
    role: typeof role === "string" ? role : undefined,
    channel: typeof channel === "number" ? channel : undefined,
    version: typeof version === "string" ? version : undefined,
  };
}

function isAnswer(error: unknown): boolean {
  return typeof DingError.from(error).details.status === "number";
}
