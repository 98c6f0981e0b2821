import type { Clock } from "../../core/clock.ts";
import { DingError, NetworkError } from "../../core/errors.ts";
import { abortable } from "../../core/wait.ts";
import { askSlave } from "./ask-slave.ts";
import type { Reach } from "./reach.ts";
import { formatAddress, type SlaveAddress } from "./slave-list.ts";

/** Slaves asked at a time: any of them knows. */
const MAX_ASKED = 32;
const PAUSE_MS = 200;

/** What a slave says its channel is. */
export interface ToldChannel {
  slave: string;
  channel: number;
}

/** Asks slaves for their channel until the first one answers, for as long as one may try to reach a slave. */
export async function askChannel(
  addresses: readonly SlaveAddress[],
  reach: Reach,
  { signal, clock }: { signal?: AbortSignal | undefined; clock: Clock },
): Promise<ToldChannel> {
  const deadline = clock.now() + reach.timeoutMs;
  for (let from = 0; ; from = (from + MAX_ASKED) % addresses.length) {
    // Some of the time must be left for others when these are silent.
    const timeoutMs = Math.ceil(Math.max(1, Math.min(reach.timeoutMs / 4, deadline - clock.now())));
    const asked = addresses.slice(from, from + MAX_ASKED);
    try {
      return await Promise.any(asked.map((one) => askOne(one, { ...reach, timeoutMs }, signal)));
    } catch (thrown) {
      signal?.throwIfAborted();
      const errors = (thrown as AggregateError).errors.map((error) => DingError.from(error));
      const final = errors.find((error) => !error.retryable);
      if (final && errors.every((error) => !error.retryable)) throw final;
      if (clock.now() + PAUSE_MS >= deadline) throw noAnswer(errors, reach.timeoutMs);
    }
    await pause(clock, signal);
  }
}

async function askOne(
  address: SlaveAddress,
  reach: Reach,
  signal: AbortSignal | undefined,
): Promise<ToldChannel> {
  const slave = formatAddress(address);
  const question = { ...reach, method: "GET", path: "/status", signal } as const;
  const status = await askSlave(address, question).catch(nothingIfNotFound);
  const { channel } = (status ?? {}) as { channel?: unknown };
  if (typeof channel === "number") return { slave, channel };
  throw new DingError(
    "usage.invalid-option",
    `Cannot find out the channel: ${slave} does not tell it`,
    { hint: "Pass --channel N." },
  );
}

/** The ancestor's slaves do not tell of themselves. */
function nothingIfNotFound(thrown: unknown): undefined {
  if (DingError.from(thrown).code !== "http.not-found") throw thrown;
}

function pause(clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(PAUSE_MS, resolve);
  return abortable(promise, signal).finally(() => timer[Symbol.dispose]());
}

function noAnswer(errors: readonly DingError[], timeoutMs: number): DingError {
  const reasons = [...new Set(errors.map((error) => error.message))].slice(0, 3).join("; ");
  const message = `Cannot run tasks: no slave is reachable within ${timeoutMs} ms: ${reasons}`;
  return new NetworkError("network.unreachable", message, {
    hint: "Start one with `ding slave --channel N --plugin FILE`, or name others with --slave.",
  });
}
