import type { AnsweredRequest, EndedRequest } from "../page/model-statistics.ts";
import { payloadBytes } from "../rows.ts";
import type { Job } from "./job.ts";

/** What the statistics are told of a job that has ended, however it did. */
export function endedFacts(job: Job): EndedRequest {
  const { arrivedMs, client, rows, batchRows, worker } = job;
  const { id, traceparent } = job.request;
  return { arrivedMs, client, rows, id, traceparent, batchRows, worker };
}

/** What they are told of one that was answered. */
export function answeredFacts(job: Job): AnsweredRequest {
  const { arrivedMs, client, rows, batchRows, worker, queueMs, computeMs, outBytes } = job;
  const { id, traceparent, payload } = job.request;
  return {
    arrivedMs,
    client,
    rows,
    id,
    traceparent,
    batchRows,
    worker,
    queueMs,
    computeMs,
    inBytes: payloadBytes(payload),
    outBytes,
  };
}
