import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { VERSION } from "../../core/version.ts";
import { OtlpTraces } from "../../telemetry/otlp-traces.ts";
import type { Registry } from "../../telemetry/registry.ts";
import { requestSpan } from "./request-span.ts";
import type { RequestTraces, TracedRequest } from "./request-traces.ts";
import type { ServeStatistics } from "./statistics.ts";

/** Where the traces of a server go. */
export interface OpenTracesOptions {
  /** Names this run of the process. */
  readonly boot: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The traces of requests, on their way to a collector. */
export interface OpenTraces extends RequestTraces, AsyncDisposable {
  /** Adds how many went out, and how many did not. */
  addMetrics(registry: Registry): void;
}

/**
 * Sends a trace of each request to an OTLP/HTTP endpoint, if one is named; the service is called ding-serve if
 * OTEL_SERVICE_NAME says nothing else. Throws `usage.invalid-option` for what is no URL.
 */
export function openTraces(
  url: string | undefined,
  statistics: ServeStatistics,
  { boot, clock, log }: OpenTracesOptions,
): OpenTraces | undefined {
  if (url === undefined) return undefined;
  const traces = new OtlpTraces<TracedRequest>({
    url,
    service: process.env["OTEL_SERVICE_NAME"] || "ding-serve",
    version: VERSION,
    boot,
    spanOf: (request) => requestSpan(request, clock),
    log,
    clock,
  });
  const open: OpenTraces = {
    onEnded: (request) => traces.add(request),
    addMetrics(registry) {
      registry.readTotal("ding_traces_total", "Traces of requests, by what became of them", () =>
        Object.entries(traces.counts).map(([outcome, count]) => [{ outcome }, count] as const),
      );
    },
    [Symbol.asyncDispose]: () => traces[Symbol.asyncDispose](),
  };
  statistics.trace(open);
  return open;
}
