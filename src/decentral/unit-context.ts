import type { Logger } from "../core/log.ts";
import type { Client } from "../serve/client/client.ts";

/** What a unit is given when its model is made, and in each round of `doWork`. */
export interface UnitContext {
  /** Host of the unit's remote server; "" if the fleet has none. */
  readonly ip: string;
  /** Its port; 0 if the fleet has no remote servers. */
  readonly port: number;
  /** Its second port; the same as `port` where none was named. */
  readonly portOut: number;
  /** A client of the remote server, made when it is asked for and closed with the unit. */
  readonly client: Client;
  /** The unit's name: "10.0.0.1:8996/3". */
  readonly unit: string;
  readonly log: Logger;
  /** Aborts when nobody waits for the unit's work any more: let go at once. */
  readonly signal: AbortSignal;
  /** Aborts when the unit is to end after what it does now: wait for no more work. */
  readonly stopping: AbortSignal;
  /** Resolves after so many milliseconds, or when the unit is to end. */
  sleep(ms: number): Promise<void>;
}

/** What `doWork` gets. */
export interface RoundContext extends UnitContext {
  /** Set it to the job you are at: errors are logged with it. */
  job: unknown;
}

/** Which job it is, beside its value. */
export interface JobEnvelope {
  readonly id: string;
  readonly key: string | undefined;
  /** Which try this is, from 1. */
  readonly attempt: number;
  readonly priority: number;
  /** When it was pushed, in milliseconds since 1970. */
  readonly pushedAtMs: number;
  /** Why earlier tries failed. */
  readonly reasons: readonly string[];
}

/** What `work` gets beside the job's value. */
export interface WorkContext<Model = unknown> extends Omit<UnitContext, "stopping"> {
  readonly job: JobEnvelope;
  /** What `getModel` gave. */
  readonly model: Model;
  /** Aborts when the job is somebody else's by now, or nobody waits for it any more. */
  readonly signal: AbortSignal;
}
