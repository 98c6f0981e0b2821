import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { ServerTls } from "../runtime/http-server.ts";
import type { Queue } from "../broker/queue.ts";
import type { WorkerOutput } from "./crew.ts";
import type { FleetNumbers } from "./options.ts";

/** What a fleet is made of; every field but the plugin has a default, which is the command's. */
export interface FleetOptions extends FleetNumbers {
  /** The module of the units: file.ts, or module.ProcessingModel. */
  plugin: string;
  /** URL of the queue, or an open one, which is left open. */
  queue?: string | Queue | undefined;
  /** What callers of the fleet's port must show. */
  token?: string | undefined;
  /** What the units' clients show to the remote servers. */
  remoteToken?: string | undefined;
  /** Listen beyond this machine without a token. */
  insecure?: boolean | undefined;
  tls?: ServerTls | undefined;
  log?: Logger | undefined;
  /** How much worker processes log to stderr; default "info". */
  logLevel?: string | undefined;
  /** Takes what worker processes print, line by line; default: our own stderr. */
  workerOutput?: WorkerOutput | undefined;
  clock?: Clock | undefined;
}
