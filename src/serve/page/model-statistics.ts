import { messageOf, DingError } from "../../core/errors.ts";
import { HistogramCell } from "../../telemetry/metric.ts";
import { Recent } from "../../telemetry/recent.ts";
import { WindowedHistogram } from "../../telemetry/windowed-histogram.ts";
import { failureReason, type FailureReason } from "./failure-reason.ts";
import type { RequestTraces } from "./request-traces.ts";
import type { ServerPace } from "./server-pace.ts";

/** What is known of a request when it ends; times are of the statistics' clock. */
export interface EndedRequest {
  arrivedMs: number;
  client: string;
  /** Items, or rows of tensors. */
  rows: number;
  id?: string | undefined;
  traceparent?: string | undefined;
  /** Of the batch that it went in, and who ran it; of the last one if there were several. */
  batchRows?: number | undefined;
  worker?: string | undefined;
}

/** A request that was answered. */
export interface AnsweredRequest extends EndedRequest {
  queueMs: number;
  computeMs: number;
  inBytes: number;
  outBytes: number;
}

/** What a batch took, whether it came to an end or not. */
export interface EndedBatch {
  worker: string;
  rows: number;
  /** In the worker, from its arrival there to its answer. */
  ms: number;
}

/** Batches of one size, or of one worker. */
export interface BatchCount {
  count: number;
  rows: number;
  ms: number;
}

/** Of who has run none. */
export const NO_BATCHES: Readonly<BatchCount> = { count: 0, rows: 0, ms: 0 };

/** Sums since the start; durations in milliseconds. */
export interface ModelCounts {
  arrived: number;
  success: number;
  failed: Record<FailureReason, number>;
  /** Rows that were answered. */
  rows: number;
  batches: number;
  batchRows: number;
  batchMs: number;
  successMs: number;
  failMs: number;
  queueMs: number;
  computeMs: number;
  /** All that is neither waiting nor the model: framing, the ways to the worker and back. */
  restMs: number;
  inBytes: number;
  outBytes: number;
}

/** More keys than these are not taken; they come from plugins. */
const MOST_KEYS = 64;
const MOST_SIZES = 1_024;
const MESSAGE_LENGTH = 300;
const FIRST_PIECE_MS = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/** What one version of a model has done. The host calls the `on…` methods on its hot path: additions and stores, no clock. */
export class ModelStatistics {
  readonly name: string;
  readonly version: string;
  readonly counts: ModelCounts = {
    arrived: 0,
    success: 0,
    failed: { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 },
    rows: 0,
    batches: 0,
    batchRows: 0,
    batchMs: 0,
    successMs: 0,
    failMs: 0,
    queueMs: 0,
    computeMs: 0,
    restMs: 0,
    inBytes: 0,
    outBytes: 0,
  };
  /** Arrived and not ended. */
  open = 0;
  /** On the clock; undefined before the first. */
  lastAnswerMs: number | undefined;
  readonly latencyMs = new WindowedHistogram();
  readonly queueMs = new WindowedHistogram();
  readonly computeMs = new WindowedHistogram();
  /** Of streams. */
  readonly firstPieceMs = new HistogramCell(FIRST_PIECE_MS);
  /** Batches by their size. */
  readonly sizes = new Map<number, BatchCount>();
  readonly workers = new Map<string, BatchCount>();
  /** What the plugin has recorded, the last thousand by key. */
  readonly recorded = new Map<string, Recent>();
  /** The last failure of each kind. */
  readonly lastFailures = new Map<FailureReason, { atMs: number; message: string }>();
  readonly #server: ServerPace;
  readonly #traces: () => RequestTraces | undefined;
  readonly #now: () => number;

  constructor(of: {
    name: string;
    version: string;
    now: () => number;
    server: ServerPace;
    traces: () => RequestTraces | undefined;
  }) {
    this.name = of.name;
    this.version = of.version;
    this.#now = of.now;
    this.#server = of.server;
    this.#traces = of.traces;
  }

  /** A request has been read and is about to wait. Each of them ends in one `onAnswered` or `onFailed`. */
  onArrived(arrivedMs: number, client: string): void {
    this.counts.arrived++;
    this.open++;
    const server = this.#server;
    if (++server.open > server.mostOpen) server.mostOpen = server.open;
    server.arrivals.record(arrivedMs, client);
  }

  /** The first piece of a stream is on its way. */
  onFirstPiece(arrivedMs: number): void {
    this.firstPieceMs.observe(this.#now() - arrivedMs);
  }

  onAnswered(request: AnsweredRequest): void {
    const endedMs = this.#now();
    const { arrivedMs, queueMs, computeMs } = request;
    const tookMs = Math.max(0, endedMs - arrivedMs);
    const counts = this.counts;
    counts.success++;
    counts.rows += request.rows;
    counts.successMs += tookMs;
    counts.queueMs += queueMs;
    counts.computeMs += computeMs;
    counts.restMs += Math.max(0, tookMs - queueMs - computeMs);
    counts.inBytes += request.inBytes;
    counts.outBytes += request.outBytes;
    this.lastAnswerMs = endedMs;
    this.latencyMs.record(tookMs);
    this.queueMs.record(queueMs);
    this.computeMs.record(computeMs);
    const server = this.#server;
    server.latencyMs.record(tookMs);
    server.inBytes.record(request.inBytes);
    server.outBytes.record(request.outBytes);
    this.#end(request, endedMs);
    this.#trace(request, { endedMs, queueMs, computeMs });
  }

  /** It ended with this error, whatever was thrown. */
  onFailed(request: EndedRequest, thrown: unknown): void {
    const endedMs = this.#now();
    const reason = failureReason(thrown);
    this.counts.failed[reason]++;
    const message = messageOf(thrown).slice(0, MESSAGE_LENGTH);
    this.lastFailures.set(reason, { atMs: endedMs, message });
    this.counts.failMs += Math.max(0, endedMs - request.arrivedMs);
    this.#end(request, endedMs);
    this.#trace(request, { endedMs, thrown });
  }

  onBatch({ worker, rows, ms }: EndedBatch): void {
    this.counts.batches++;
    this.counts.batchRows += rows;
    this.counts.batchMs += ms;
    const size = this.sizes.size < MOST_SIZES || this.sizes.has(rows) ? rows : powerAbove(rows);
    count(this.sizes, size, { rows, ms });
    count(this.workers, worker, { rows, ms });
    this.#server.batchRows.record(rows);
    this.#server.predictMs.record(rows > 0 ? ms / rows : ms);
  }

  /** What a plugin has recorded; numbers that are none are left aside. */
  onStatistic(values: Readonly<Record<string, number>>): void {
    for (const [key, value] of Object.entries(values)) {
      if (!Number.isFinite(value)) continue;
      let recent = this.recorded.get(key);
      if (!recent) {
        if (this.recorded.size >= MOST_KEYS) continue;
        this.recorded.set(key, (recent = new Recent()));
      }
      recent.record(value);
    }
  }

  /** The end of a second: what is fresh becomes a part of the window. */
  turn(): void {
    this.latencyMs.turn();
    this.queueMs.turn();
    this.computeMs.turn();
  }

  #end({ client }: EndedRequest, endedMs: number): void {
    this.open--;
    this.#server.open--;
    this.#server.endings.record(endedMs, client);
  }

  #trace(
    { arrivedMs, rows, id, traceparent, batchRows, worker }: EndedRequest,
    end: { endedMs: number; queueMs?: number; computeMs?: number; thrown?: unknown },
  ): void {
    const traces = this.#traces();
    if (!traces) return;
    const { thrown } = end;
    traces.onEnded({
      model: this.name,
      version: this.version,
      id,
      traceparent,
      arrivedMs,
      endedMs: end.endedMs,
      queueMs: end.queueMs,
      computeMs: end.computeMs,
      rows,
      batchRows,
      worker,
      status: thrown === undefined ? "OK" : DingError.from(thrown).code,
      message: thrown === undefined ? undefined : messageOf(thrown),
    });
  }
}

function count<K>(counts: Map<K, BatchCount>, key: K, { rows, ms }: { rows: number; ms: number }) {
  const found = counts.get(key);
  if (!found) {
    counts.set(key, { count: 1, rows, ms });
    return;
  }
  found.count++;
  found.rows += rows;
  found.ms += ms;
}

function powerAbove(rows: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, rows)));
}
