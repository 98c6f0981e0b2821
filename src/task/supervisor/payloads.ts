import type { DingError } from "../../core/errors.ts";

/** A request to a child. */
export interface SendPayload {
  procId: number;
  method: string;
  args: readonly unknown[];
  /** Names the request; a fresh UUID if not given. */
  reqId: string;
}

/** What came of a request: data, or an error. */
export interface RecvPayload {
  procId: number;
  reqId: string;
  method: string;
  data: unknown;
  err: DingError | undefined;
  /** Whatever a callback wants to add. */
  extra?: unknown;
}
