import type { ServiceState } from "../../core/service.ts";
import type { ModelFacts } from "../inference.ts";

/** A worker process, as people see it. */
export interface ServeWorkerFacts {
  readonly id: string;
  readonly pid: number;
  /** "starting", "idle", "busy", "draining". */
  readonly state: string;
  /** As the worker has said it: "cpu", "cuda:0 (GPU 3 of this machine)"; or what was asked of it, before. */
  readonly device: string;
  /** On the statistics' clock. */
  readonly startedAt: number;
  /** Was it added because of load? */
  readonly isExtra?: boolean | undefined;
}

/** A version of a model, as people see it. */
export interface ServedVersion {
  readonly facts: ModelFacts;
  /** Requests that no worker has begun. */
  readonly queuedRequests: number;
  /** Rows that no worker has begun. */
  readonly queuedRows: number;
  /** How many workers died and were replaced, since the start. */
  readonly restarts?: number | undefined;
  readonly workers: readonly ServeWorkerFacts[];
}

/** What the host tells of itself; it is asked once a second and for each answer of the page, so it must be cheap. */
export interface ServerFacts {
  readonly state: ServiceState;
  readonly ready: boolean;
  readonly models: readonly ServedVersion[];
}
