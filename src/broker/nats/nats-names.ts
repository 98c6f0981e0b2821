import { notAQueue, refuseOtherParameters, type QueueUrl } from "../queue-url.ts";
import { parseServer } from "../server-url.ts";
import type { NatsAddress } from "./nats-link.ts";

const DEFAULT_PORT = 4222;

/** The names of a queue's streams and subjects on the server. */
export interface NatsNames {
  /** Streams: what is not dead, what is, and what is known of jobs that were tried. */
  jobs: string;
  dead: string;
  notes: string;
  /** Subjects. */
  ready: string;
  later: string;
  buried: string;
  /** Followed by a job's number. */
  note: string;
}

/** Streams and subjects may have no dots within a name. */
export function natsNames(queue: string): NatsNames {
  const name = queue.replaceAll(".", "~");
  return {
    jobs: `DING-JOBS-${name}`,
    dead: `DING-DEAD-${name}`,
    notes: `DING-NOTES-${name}`,
    ready: `ding.jobs.${name}`,
    later: `ding.later.${name}`,
    buried: `ding.dead.${name}`,
    note: `ding.notes.${name}.`,
  };
}

/**
 * Reads `nats://user:password@host:port?queue=NAME`, or with a token as the name alone; `&tls=true`, `&replicas=3`.
 * Throws `usage.invalid-option` for what is none.
 */
export function parseNatsUrl(url: QueueUrl): NatsAddress {
  refuseOtherParameters(url, ["queue", "tls", "replicas"]);
  const server = parseServer(url, DEFAULT_PORT);
  const { tls = "false", replicas = "1" } = url.parameters;
  const isFit = server.path === "" && /^(true|false)$/.test(tls) && /^[1-5]$/.test(replicas);
  if (!isFit) throw notAQueue(url.shown);
  return { ...server, isTls: tls === "true", replicas: Number(replicas) };
}
