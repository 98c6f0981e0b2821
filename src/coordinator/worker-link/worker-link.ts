import type { Peer } from "../../rpc/peer.ts";

/** Where a coordinator listens for the processes of its workers. */
export const WORKER_PATH = "/worker";

/** How a worker's process reaches the coordinator while it does one attempt of one task. */
export interface LinkTarget {
  /** ws://HOST:PORT/worker */
  readonly url: string;
  /** Says which attempt it is. */
  readonly ticket: string;
  readonly token?: string | undefined;
  /** How long the other end may be silent; default 17,000. */
  readonly toleranceMs?: number | undefined;
  /** How long the worker's code may be silent. */
  readonly leaseMs?: number | undefined;
  /** What to trust, as PEM, where it is wss: */
  readonly ca?: string | undefined;
}

/** Whom the worker's end calls: `call` and `request` of a peer. */
export type LinkPort = Pick<Peer, "call" | "request" | "cancel">;

/** How often both ends speak, how long a busy one may be silent, and how long a broken link may take to come back. */
export interface LinkTimes {
  heartbeatMs: number;
  toleranceMs: number;
  resumeMs: number;
}

const DEFAULT_TOLERANCE_MS = 17_000;

/** The same patience everywhere. */
export function linkTimes(toleranceMs: number = DEFAULT_TOLERANCE_MS): LinkTimes {
  return { heartbeatMs: Math.min(3_000, toleranceMs / 4), toleranceMs, resumeMs: toleranceMs };
}

/** What the coordinator calls over a worker's link to end its code soon. */
export const END_METHOD = "worker.end";

/** What a worker calls to know that all it said before has been heard. */
export const SYNC_METHOD = "worker.sync";
