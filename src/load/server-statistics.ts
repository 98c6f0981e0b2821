import { z } from "zod";

const time = z.object({ count: z.coerce.number(), ns: z.coerce.number() });

const statistics = z.object({
  model_stats: z
    .array(
      z.object({
        inference_count: z.coerce.number(),
        execution_count: z.coerce.number(),
        inference_stats: z.object({ queue: time, compute_infer: time }),
      }),
    )
    .min(1),
});

/** What a server has counted since it started. */
export interface ServerTotals {
  readonly rows: number;
  readonly batches: number;
  readonly requests: number;
  readonly queueMs: number;
  readonly computeMs: number;
}

/** The server's part of a request's time, and the batches it made; means. */
export interface ServerShare {
  readonly queueMs: number;
  readonly computeMs: number;
  readonly batchRows: number;
}

const NS_PER_MS = 1_000_000;

/** Reads the statistics of the Open Inference Protocol's extension; undefined for anything else. */
export function readServerTotals(value: unknown): ServerTotals | undefined {
  const first = statistics.safeParse(value).data?.model_stats[0];
  if (!first) return undefined;
  const { queue, compute_infer: compute } = first.inference_stats;
  return {
    rows: first.inference_count,
    batches: first.execution_count,
    requests: queue.count,
    queueMs: queue.ns / NS_PER_MS,
    computeMs: compute.ns / NS_PER_MS,
  };
}

/** What happened between two readings; undefined when nothing did. */
export function serverShareOf(before: ServerTotals, after: ServerTotals): ServerShare | undefined {
  const requests = after.requests - before.requests;
  const batches = after.batches - before.batches;
  if (requests <= 0 || batches <= 0) return undefined;
  return {
    queueMs: (after.queueMs - before.queueMs) / requests,
    computeMs: (after.computeMs - before.computeMs) / requests,
    batchRows: (after.rows - before.rows) / batches,
  };
}
