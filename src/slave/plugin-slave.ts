import { resolve } from "node:path";
import { listenTls } from "../config/tls-files.ts";
import { systemClock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Executor } from "./executor.ts";
import { LoadingExecutor } from "./loading-executor.ts";
import type { SlaveCommandOptions } from "./options.ts";
import { PoolExecutor } from "./pool-executor.ts";
import { Slave } from "./slave.ts";
import type { SlaveOptions } from "./slave-options.ts";

/** A slave whose code comes from a module: in worker processes, or in its own process. */
export async function createSlave(
  options: SlaveCommandOptions,
  tools: { log: Logger; token: string | undefined },
): Promise<PluginSlave> {
  return new PluginSlave(options, tools);
}

/** What `ding slave` runs. */
export class PluginSlave extends Slave {
  readonly #options: SlaveCommandOptions;
  readonly #log: Logger;

  constructor(
    options: SlaveCommandOptions,
    { log, token }: { log: Logger; token: string | undefined },
  ) {
    super(classOptions(options, { log, token }));
    this.#options = options;
    this.#log = log;
  }

  /** For the ready line. */
  readyFacts(): Record<string, unknown> {
    const { plugin, channel, mode, concurrency, isolate } = this.#options;
    return { plugin, channel, mode, concurrency, isolate, pid: process.pid };
  }

  override processTask(): never {
    throw new DingError("internal.bug", "A plugin's tasks run where its executor runs them");
  }

  protected override createExecutor(): Executor {
    const { plugin, isolate } = this.#options;
    const path = resolve(plugin);
    const shared = { ...this.#options, plugin: path, clock: systemClock, log: this.#log };
    if (isolate === "process") return new PoolExecutor(shared);
    return new LoadingExecutor(path, shared);
  }
}

function classOptions(
  options: SlaveCommandOptions,
  { log, token }: { log: Logger; token: string | undefined },
): SlaveOptions {
  const tls = listenTls(options);
  return { ...options, tls, joinTls: tls, token, log };
}
