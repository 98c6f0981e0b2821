import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { ServerTls } from "../runtime/http-server.ts";
import type { RunConfig } from "./config/run-config.ts";

/** What a coordinator is made of. */
export interface CoordinatorOptions {
  /** What to run. */
  config: RunConfig;
  /** What relative paths in it count from; default: the current folder. */
  folder?: string | undefined;
  /** What it is called in faults; default "config". */
  configName?: string | undefined;
  /** Default: what the configuration says, else 127.0.0.1. */
  host?: string | undefined;
  /** Default: what the configuration says, else 22273. 0 for a free one. */
  port?: number | undefined;
  /** What callers must show, and what slaves are shown. */
  token?: string | undefined;
  insecure?: boolean | undefined;
  tls?: ServerTls | undefined;
  /** Flags by which local slaves speak TLS. */
  localFlags?: readonly string[] | undefined;
  /** HOST:PORT by which workers reach it, if that is not where it listens. */
  advertise?: string | undefined;
  channel?: number | undefined;
  /** So many collectors, a learner, and an evaluator if there is code for one, on this machine. */
  local?: number | undefined;
  seed?: number | undefined;
  /** Default ./<exp_name>/state. */
  snapshotDir?: string | undefined;
  resume?: boolean | undefined;
  /** How long workers may take to finish when the run is stopped; default 10,000. */
  drainTimeoutMs?: number | undefined;
  /** How much local workers log; default "info". */
  logLevel?: string | undefined;
  /** Takes what local workers print. */
  workerOutput?: ((line: string, from: Record<string, unknown>) => void) | undefined;
  log?: Logger | undefined;
  clock?: Clock | undefined;
}
