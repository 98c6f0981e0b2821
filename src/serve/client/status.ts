import { VERSION } from "../../core/version.ts";
import type { Line } from "./line.ts";
import type { ClientSettings } from "./options.ts";

/** What a client knows of one of its servers. */
export interface LineStatus {
  address: string;
  state: "idle" | "dialling" | "up" | "closed";
  /** Requests that it has not answered. */
  outstanding: number;
  /** As the server told; undefined before it was reached. */
  version: string | undefined;
  /** Why it is not up. */
  error: string | undefined;
}

/** What a client knows of itself. */
export interface ClientStatus {
  identity: string;
  clientVersion: string;
  timeoutMs: number;
  model: string | undefined;
  servers: LineStatus[];
  numRequest: number;
  numResponse: number;
  /** Non-blocking requests whose answer has not come. */
  pendingRequest: number;
  /** Answers to them that nobody has fetched. */
  pendingResponse: number;
}

/** What is counted while a client works. */
export interface ClientCounts {
  lines: readonly Line[];
  requests: number;
  responses: number;
  pending: number;
  ready: number;
}

/** The status of a client, as its `status` gives it. */
export function clientStatus(
  { identity, timeoutMs, model }: ClientSettings,
  { lines, requests, responses, pending, ready }: ClientCounts,
): ClientStatus {
  return {
    identity,
    clientVersion: VERSION,
    timeoutMs,
    model,
    servers: lines.map(({ name, state, outstanding, welcome, error }) => ({
      address: name,
      state,
      outstanding,
      version: welcome?.version,
      error: error?.message,
    })),
    numRequest: requests,
    numResponse: responses,
    pendingRequest: pending,
    pendingResponse: ready,
  };
}
