import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { msgpack } from "../../protocol/codec.ts";
import { encodeBatch, sliceRows, type BatchAnswer } from "../batch-frame.ts";
import { Batcher } from "../batcher.ts";
import type { Piece } from "../batching/piece.ts";
import type { InferEnd, InferRequest, Payload } from "../inference.ts";
import type { ModelStatistics } from "../page/model-statistics.ts";
import { WORKER_EVENTS, WORKER_METHODS } from "../worker-protocol.ts";
import type { Generation } from "./generation.ts";
import type { Streams } from "./streams.ts";
import { Bounds } from "./bounds.ts";
import { answeredFacts, endedFacts } from "./job-facts.ts";
import { CollectedAnswer } from "./collected-answer.ts";
import { inLess } from "./in-less.ts";
import { afterDeath, tellIfLate } from "./deaths.ts";
import { Job, type Run } from "./job.ts";
import { HandedOut, ReadyBatches } from "./ready-batches.ts";
import { emptyError, fullError, itemError, lateError, noResultError } from "./refusals.ts";
import { UnderWay } from "./under-way.ts";
import { Wake } from "./wake.ts";
import { workersFor } from "./workers-for.ts";

/** How requests wait and run. */
export interface DispatcherOptions {
  readonly name: string;
  readonly batchSize: number;
  readonly batchTimeoutMs: number;
  readonly queueLimit: number;
  /** How often an item runs again whose worker died. */
  readonly retries: number;
  /** Streams take a worker for themselves. */
  readonly streams: Pick<Streams, "areWaiting" | "goBefore" | "beginNext" | "onBatch">;
  readonly statistics: ModelStatistics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Takes requests, makes batches of them, hands these to workers, and gives each request its answer: once. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #statistics: ModelStatistics;
  readonly #clock: Clock;
  readonly #batcher: Batcher<Job>;
  readonly #bounds: Bounds;
  /** Requests that have not ended. */
  readonly #open = new Set<Job>();
  #generation: Generation | undefined;
  readonly #underWay = new UnderWay();
  readonly #ready = new ReadyBatches();
  #isPumping = false;
  /** Requests of which a worker has had a part. */
  #begun = 0;
  /** Each request that comes asks again. */
  readonly #wake: Wake;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#statistics = options.statistics;
    this.#clock = options.clock;
    this.#bounds = new Bounds(options.clock, (job, error) => this.#fail(job, error));
    this.#wake = new Wake(options.clock, () => this.#pump());
    this.#batcher = new Batcher({
      maxBatchRows: options.batchSize,
      timeoutMs: options.batchTimeoutMs,
      maxQueuedRows: options.queueLimit,
    });
  }

  get queuedRows(): number {
    return this.#batcher.queuedRows;
  }

  /** Requests that no worker has begun. */
  get queuedRequests(): number {
    return this.#open.size - this.#begun;
  }

  /** From now on batches go to these workers; to none while undefined. */
  use(generation: Generation | undefined): void {
    this.#generation = generation;
    const most = generation?.report.maxBatchSize ?? Infinity;
    this.#batcher.maxBatchRows = Math.min(this.#options.batchSize, most);
    this.pumpSoon();
  }

  /** Queues a request, unless `refusal` says why not, and tells how it ended: perhaps at once. */
  ask(request: InferRequest, refusal: DingError | undefined, done: (end: InferEnd) => void): void {
    const now = this.#clock.now();
    const job = new Job(request, now);
    job.hear(done);
    this.#statistics.onArrived(now, request.client);
    const wasFull = this.#batcher.isFull;
    const fault = refusal ?? this.#add(job);
    if (fault) this.#fail(job, fault);
    else {
      this.#open.add(job);
      this.#underWay.begin();
      this.#bounds.add(job);
      this.pumpSoon();
      // A full batch need not wait until all that came with it is read.
      if (this.#batcher.isFull && !wasFull) this.#pump(true);
    }
  }

  /** Resolves when every request has ended, or the deadline has come. */
  empty(deadline?: AbortSignal): Promise<void> {
    return this.#underWay.none(deadline);
  }

  /** Ends every request with this error. */
  failAll(error: DingError): void {
    this.#wake.clear();
    for (const job of this.#open) this.#fail(job, error);
    this.#bounds.clear();
  }

  #add(job: Job): DingError | undefined {
    if (job.rows === 0) return emptyError();
    // What has come in this turn has not gone yet: workers that are free for it make room.
    if (this.#isPumping && !this.#batcher.hasRoom(job.rows)) this.#pump();
    const added = this.#batcher.add(job, job.arrivedMs);
    return added.ok ? undefined : fullError(job.rows, this.#batcher, added.retryAfterMs);
  }

  /** Looks for a batch at the end of the turn: requests that arrive together go together. */
  pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  /** While a turn lasts only full batches go, as if one worker were free: what is still to be read may be for the others. */
  #pump(isTurnOn = false): void {
    const generation = this.#generation;
    if (!generation) return;
    while (!isTurnOn || this.#batcher.isFull) {
      const now = this.#clock.now();
      for (const { value } of this.#batcher.expire(now))
        this.#fail(value, lateError(value.request.timeoutMs ?? 0));
      if (this.#beginStream(generation, now)) continue;
      const free = workersFor(generation, this.#batcher);
      const turn = this.#batcher.next(now, {
        free: isTurnOn ? Math.min(free, 1) : free,
        workers: generation.ready,
      });
      if (!turn) return;
      if ("waitMs" in turn) return this.#wake.after(turn.waitMs);
      this.#run(generation, turn.batch);
    }
  }

  #beginStream(generation: Generation, now: number): boolean {
    const { streams } = this.#options;
    if (!streams.areWaiting || generation.free() === 0) return false;
    if (!streams.goBefore(this.#batcher, now)) return false;
    streams.beginNext(generation);
    return true;
  }

  #run(generation: Generation, batch: readonly Piece<Job>[]): void {
    const { log, name: model, streams } = this.#options;
    const at = this.#clock.now();
    streams.onBatch();
    let batchRows = 0;
    const payloads: Payload[] = [];
    for (const { entry, from, rows } of batch) {
      batchRows += rows;
      const job = entry.value;
      if (!job.hasBegun) this.#begun += 1;
      job.hasBegun = true;
      const { payload } = job.request;
      payloads.push(rows === entry.rows ? payload : sliceRows(payload, from, rows));
    }
    let body: Uint8Array;
    try {
      body = encodeBatch(payloads, generation.memory);
    } catch (thrown) {
      this.#batcher.onBatchEnd(batch, { now: at, ms: undefined });
      this.#failed(batch, DingError.from(thrown));
      return this.pumpSoon();
    }
    let worker = "";
    let takenAt = at;
    const collected = new CollectedAnswer(generation.memory);
    const ready = new HandedOut(batch, () => cancel());
    this.#ready.add(ready);
    const ended = (now: number, ms?: number): void => {
      this.#ready.delete(ready);
      this.#batcher.onBatchEnd(batch, { now, ms });
    };
    const cancel = generation.run({
      method: WORKER_METHODS.BATCH,
      meta: null,
      body,
      taken: ({ id }, desert) => {
        worker = id;
        takenAt = this.#clock.now();
        ready.runs(desert);
      },
      settled: () => generation.memory?.release(body),
      reply: (answer) => {
        const now = this.#clock.now();
        let failure: DingError | undefined;
        try {
          const decoded = collected.end(answer);
          const { computeMs } = decoded;
          // Who waits hears first, what is learned of it comes then.
          this.#answered(batch, decoded, { at, computeMs, batchRows, worker });
          this.#statistics.onBatch({ worker, rows: batchRows, ms: computeMs });
          log.debug("batch", { model, worker, rows: batchRows, ms: computeMs });
        } catch (thrown) {
          failure = DingError.from(thrown);
        }
        ended(now, ready.isDeserted ? undefined : now - takenAt);
        if (failure) this.#failed(batch, failure);
        this.pumpSoon();
      },
      fail: (record) => {
        ended(this.#clock.now());
        const error = DingError.fromRecord(record);
        tellIfLate(this.#options, error, worker);
        this.#failed(batch, error);
        this.pumpSoon();
      },
      event: (name, body) => {
        if (body && name === WORKER_EVENTS.PART) collected.add(body);
        if (!body || name !== WORKER_EVENTS.STATISTIC) return;
        this.#statistics.onStatistic(msgpack.decode(body) as Record<string, number>);
      },
    });
  }

  #answered(batch: readonly Piece<Job>[], { results }: BatchAnswer, run: Run): void {
    for (let index = 0; index < batch.length; index++) {
      const piece = batch[index] as Piece<Job>;
      const job = piece.entry.value;
      const result = results[index];
      if (!result || "error" in result) {
        this.#failedAlone(piece, result ? itemError(result.error, piece) : noResultError());
        continue;
      }
      try {
        if (!job.answered(piece, result, run)) continue;
        this.#statistics.onAnswered(answeredFacts(job));
        this.#close(job);
        job.tell();
      } catch (thrown) {
        this.#fail(job, DingError.from(thrown));
      }
    }
  }

  /** What no message holds runs again in less, and who was with a worker that died, alone. */
  #failed(batch: readonly Piece<Job>[], error: DingError): void {
    const less = inLess(batch, error);
    if (less) return this.#batcher.putBack(less);
    const dead = afterDeath(batch, error, this.#options);
    if (dead && dead.again.length > 0) this.#batcher.putBack(dead.again);
    for (const { entry } of dead ? [] : batch) this.#fail(entry.value, error);
    for (const { piece, why } of dead?.ended ?? []) this.#fail(piece.entry.value, why);
  }

  #failedAlone(piece: Piece<Job>, error: DingError): void {
    const less = inLess([piece], error);
    if (less) this.#batcher.putBack(less);
    else this.#fail(piece.entry.value, error);
  }

  /** Ends it; what still waits of it leaves, what runs of it is for nobody. */
  #fail(job: Job, error: DingError): void {
    if (!job.fail(error)) return;
    this.#batcher.remove(job);
    if (job.hasBegun) this.#ready.onLeft();
    this.#statistics.onFailed(endedFacts(job), error);
    this.#close(job);
    job.tell();
  }

  #close(job: Job): void {
    if (!this.#open.delete(job)) return;
    if (job.hasBegun) this.#begun -= 1;
    this.#underWay.end();
  }
}
