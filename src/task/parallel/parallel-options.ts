import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { Backoff } from "../../core/retry.ts";
import type { ServerTls } from "../../runtime/http-server.ts";
import type { ParallelNumbers } from "../options.ts";
import type { MqOptions } from "./mq.ts";
import type { Listening } from "./node-run.ts";

/** What `Parallel.runner` accepts. */
export interface ParallelOptions extends ParallelNumbers, MqOptions {
  /** One for each node, or that of the first; default from 50515 on. */
  ports?: number | readonly number[] | undefined;
  /** One for each node, or that of the first; default from 0 on. */
  nodeIds?: number | readonly number[] | undefined;
  /** tcp://HOST:PORT; one, several with commas, or a list. */
  attachTo?: string | readonly string[] | undefined;
  labels?: string | Iterable<string> | undefined;
  /** As `startupInterval`, in milliseconds. */
  startupIntervalMs?: number | undefined;
  /** Where to listen; that of `address` if not given. */
  host?: string | undefined;
  /** The token of the cluster: nodes show it to each other. */
  token?: string | undefined;
  /** Lets others than this machine in without a token. */
  insecure?: boolean | undefined;
  tls?: ServerTls | undefined;
  /** The waits between the tries of `autoRecover`. */
  backoff?: Backoff | undefined;
  /** Asks all mains to come to their end. */
  signal?: AbortSignal | undefined;
  /** All nodes are there, at these addresses: mains start. `nodes` also has those of their other ports. */
  onReady?: ((addresses: readonly string[], nodes: readonly Listening[]) => void) | undefined;
  log?: Logger | undefined;
  clock?: Clock | undefined;
}
