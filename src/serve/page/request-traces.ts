/** One request that has ended, as a trace tells it. Times are on the server's clock. */
export interface TracedRequest {
  model: string;
  version: string;
  /** The caller's own name of it, if it has one. */
  id: string | undefined;
  /** The W3C header of that name, as it came; anything that is none is left aside. */
  traceparent: string | undefined;
  arrivedMs: number;
  endedMs: number;
  /** Undefined when it did not get that far. */
  queueMs: number | undefined;
  computeMs: number | undefined;
  rows: number;
  /** Of the batch that it went in; undefined when it did not get that far. */
  batchRows: number | undefined;
  worker: string | undefined;
  /** "OK", or the code of the error. */
  status: string;
  /** Why it failed. */
  message: string | undefined;
}

/** Takes what requests tell of themselves; never waits and never throws. */
export interface RequestTraces {
  onEnded(request: TracedRequest): void;
}
