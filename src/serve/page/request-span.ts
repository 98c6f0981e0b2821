import type { Clock } from "../../core/clock.ts";
import type { SpanFacts } from "../../telemetry/span-facts.ts";
import type { TracedRequest } from "./request-traces.ts";

/** A request as a span, with its time in the queue and in the model as children. Times on the clock become the wall's. */
export function requestSpan(request: TracedRequest, clock: Clock): SpanFacts {
  const { model, version, arrivedMs, endedMs, queueMs, computeMs, message } = request;
  const offsetMs = Date.now() - clock.now();
  const startMs = offsetMs + arrivedMs;
  const endMs = offsetMs + Math.max(arrivedMs, endedMs);
  const children: SpanFacts[] = [];
  const child = (name: string, fromMs: number, ms: number, attributes = {}): void => {
    const start = Math.min(fromMs, endMs);
    children.push({
      name,
      kind: "internal",
      startMs: start,
      endMs: Math.min(start + ms, endMs),
      attributes,
    });
  };
  if (queueMs !== undefined) child("queue", startMs, queueMs);
  if (queueMs !== undefined && computeMs !== undefined) {
    child("compute", startMs + queueMs, computeMs, {
      "ding.batch.size": request.batchRows,
      "ding.worker": request.worker,
    });
  }
  return {
    name: `infer ${model}`,
    kind: "server",
    traceparent: request.traceparent,
    startMs,
    endMs,
    attributes: {
      "ding.model": model,
      "ding.model.version": version,
      "ding.request.id": request.id,
      "ding.rows": request.rows,
      "ding.batch.size": request.batchRows,
      "ding.worker": request.worker,
      "ding.status": request.status,
    },
    error: message === undefined ? undefined : { type: request.status, message },
    children,
  };
}
