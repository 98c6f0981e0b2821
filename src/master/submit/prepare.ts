import { checkListen } from "../../config/listen.ts";
import { listenTls } from "../../config/tls-files.ts";
import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { Master, type MasterOptions } from "../master.ts";
import { askChannel } from "./ask-channel.ts";
import type { Job } from "./job-file.ts";
import { JobRun, type JobEvents } from "./job-run.ts";
import { parseListen } from "./listen-address.ts";
import { MasterFleet } from "./master-fleet.ts";
import type { SubmitOptions } from "./options.ts";
import { namedSlaves, reachOf, type Reach } from "./reach.ts";
import type { EarlierResults } from "./results-resume.ts";
import { DEFAULT_SLAVE, formatAddress, parseSlaves, type SlaveAddress } from "./slave-list.ts";

/** What a job needs besides its options before it can run. */
export interface PrepareTools {
  log: Logger;
  clock: Clock;
  token?: string | undefined;
  signal?: AbortSignal | undefined;
  events: JobEvents & { onListen?(address: string): void };
  earlier: EarlierResults | undefined;
  explicit?: { slaves: boolean; channel: boolean };
}

/** A job with a master that waits to run it; disposing lets go of all slaves. */
export interface PreparedJob extends AsyncDisposable {
  run: JobRun;
}

/** A slave that was there is worth more patience than one that may never have been. */
const AWAY_FACTOR = 4;
const CANCEL_GRACE_MS = 5_000;
const RETRY = { minMs: 200, maxMs: 10_000, jitter: 0.5 };
const REDIAL = { minMs: 200, maxMs: 15_000, jitter: 0.2 };

/** Finds out who the slaves are and what their channel is, and starts a master for them. */
export async function prepareJob(
  job: Job,
  options: SubmitOptions,
  tools: PrepareTools,
): Promise<PreparedJob> {
  const { log, clock, token, signal, earlier, events } = tools;
  const { connectTimeoutMs, minSlaves, insecure } = options;
  const listen = listenOf(options, token);
  const addresses = await slavesOf(job, options, tools);
  if (!listen && minSlaves > addresses.size) {
    throw new DingError(
      "usage.invalid-option",
      `Cannot wait for ${minSlaves} slaves: only ${addresses.size} are named`,
      { hint: "Name more with --slave, or pass --listen for slaves that dial in." },
    );
  }
  const reach = reachOf(options, token);
  const channel = await channelOf(job, options, { tools, reach, addresses });
  const shared = { channel, token, insecure, connectTimeoutMs, slaveTls: reach.tls, log, clock };
  const master = await new Master({ ...shared, ...listen }).start();
  if (listen && master.address !== undefined) events.onListen?.(master.address);
  const run = new JobRun(job, new MasterFleet(master, addresses, options), {
    slaves: [...addresses.keys()],
    retries: options.retries,
    timeoutMs: options.timeoutMs || undefined,
    inFlight: options.inFlight,
    minSlaves,
    // Those who dial in may come at any time: perhaps something has yet to start them.
    unreachableMs: listen ? undefined : connectTimeoutMs,
    awayMs: listen ? undefined : (options.awayTimeoutMs ?? AWAY_FACTOR * connectTimeoutMs),
    cancelGraceMs: CANCEL_GRACE_MS,
    retry: RETRY,
    redial: REDIAL,
    clock,
    signal,
    earlier,
    events,
  });
  return { run, [Symbol.asyncDispose]: () => master.close() };
}

function listenOf(
  { listen, insecure, ...files }: SubmitOptions,
  token: string | undefined,
): Pick<MasterOptions, "host" | "port" | "tls"> | undefined {
  if (listen === undefined) return undefined;
  const { host, port } = parseListen(listen, token !== undefined || insecure);
  checkListen({ host, port, insecure }, token);
  return { host, port, tls: listenTls(files) };
}

/** Flags weigh more than the file of tasks, that more than configuration; at last this machine, if none dial in. */
async function slavesOf(
  job: Job,
  options: SubmitOptions,
  { explicit }: PrepareTools,
): Promise<Map<string, SlaveAddress>> {
  const isFromJob = job.slaves.length > 0 && !explicit?.slaves;
  const named = isFromJob ? parseSlaves(job.slaves) : await namedSlaves(options);
  const isNobody = named.length === 0 && options.listen === undefined;
  const slaves = isNobody ? parseSlaves([DEFAULT_SLAVE]) : named;
  return new Map(slaves.map((address) => [formatAddress(address), address]));
}

async function channelOf(
  job: Job,
  options: SubmitOptions,
  given: { tools: PrepareTools; reach: Reach; addresses: ReadonlyMap<string, SlaveAddress> },
): Promise<number> {
  const { log, explicit, signal, clock } = given.tools;
  if (explicit?.channel && options.channel !== undefined) return options.channel;
  const channel = job.channel ?? options.channel;
  if (channel !== undefined) return channel;
  const { reach, addresses } = given;
  if (addresses.size === 0) {
    log.warn("No channel was given: taking in slaves of channel 0", { hint: "Pass --channel N" });
    return 0;
  }
  const told = await askChannel([...addresses.values()], reach, { signal, clock });
  log.info(`Using channel ${told.channel}, as slave ${told.slave} says`);
  return told.channel;
}
