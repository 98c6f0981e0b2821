import type { ServiceState } from "../../core/service.ts";
import type { ModelFacts } from "../inference.ts";

/** A worker process, as people see it. */
export interface ServeWorkerFacts {
  readonly id: string;
  readonly pid: number;
  /** "starting", "idle", "busy". */
  readonly state: string;
  /** As the worker has said it: "cpu", "cuda:0 (GPU 3 of this machine)"; empty before. */
  readonly device: string;
  /** On the statistics' clock. */
  readonly startedAt: number;
}

/** A version of a model, as people see it. */
export interface ServedVersion {
  readonly facts: ModelFacts;
  /** Requests that no worker has begun; where it is not told, all that have not ended. */
  readonly queuedRequests?: number | undefined;
  /** Their rows. */
  readonly queuedRows: number;
  readonly workers: readonly ServeWorkerFacts[];
}

/** What the host tells of itself; it is asked once a second and for each answer of the page, so it must be cheap. */
export interface ServerFacts {
  readonly state: ServiceState;
  readonly ready: boolean;
  readonly models: readonly ServedVersion[];
}
