import type { ServiceState } from "../../core/service.ts";
import type { ModelFacts } from "../inference.ts";

/** A worker process, as people see it. */
export interface ServeWorkerFacts {
  id: string;
  pid: number;
  state: "starting" | "idle" | "busy" | "draining";
  /** As the worker said it: "cpu", "cuda:0 (GPU 3 of this machine)"; or what was asked of it, before it has said so. */
  device: string;
  /** On the statistics' clock. */
  startedMs: number;
  /** Was it added because of load? */
  isExtra: boolean;
}

/** A version of a model, as people see it. */
export interface ServeModelFacts extends ModelFacts {
  /** Where requests without a version go. */
  isDefault: boolean;
  /** Requests, and rows, that wait for a worker. */
  queuedRequests: number;
  queuedRows: number;
  /** Rows that workers have. */
  runningRows: number;
  /** How many workers died and were replaced, since the start. */
  restarts: number;
  workers: readonly ServeWorkerFacts[];
}

/** What the host tells of itself when it is asked; asked once a second and for each answer of the page, so it must be cheap. */
export interface ServerFacts {
  state: ServiceState;
  ready: boolean;
  models: readonly ServeModelFacts[];
}
