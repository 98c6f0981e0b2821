import type { Clock } from "../core/clock.ts";
import type { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Peer } from "../rpc/peer.ts";
import type { ChildProcess } from "../runtime/child-process.ts";
import type { LineLimits } from "./line.ts";
import type { RestartOptions } from "./restart-policy.ts";

/** How a pool makes and treats its workers. */
export interface PoolOptions extends LineLimits {
  size: number;
  spawn: (workerId: string) => ChildProcess;
  /** Brings a fresh worker to readiness. */
  setUp: (peer: Peer, workerId: string) => Promise<void>;
  setUpTimeoutMs: number;
  /** How long a cancelled or late task may take to end by itself before its worker is killed. */
  cancelGraceMs: number;
  restart: RestartOptions;
  clock: Clock;
  log: Logger;
  /** Called once when workers no longer come up. */
  onBroken: (error: DingError) => void;
  /** A worker may take work now that could not before. */
  onRoom?: (() => void) | undefined;
  /** A worker that was to replace another did not come up; it is tried again. */
  onFailedStart?: ((error: DingError) => void) | undefined;
  /** A worker that was ready has died. */
  onCrash?: (() => void) | undefined;
  /** How long a worker may take to end by itself when it is no longer wanted; default 500 ms. */
  stopGraceMs?: number | undefined;
}
