import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { decodeAnswer, encodeBatch, payloadBytes } from "../batch-frame.ts";
import type { InferRequest, Payload } from "../inference.ts";
import type { ModelStatistics } from "../page/model-statistics.ts";
import { WORKER_EVENTS, WORKER_METHODS, type StreamMeta } from "../worker-protocol.ts";
import type { Generation } from "./generation.ts";
import { cancelledError, fullError, lateError } from "./refusals.ts";
import { UnderWay } from "./under-way.ts";

/** What streams need of their model. */
export interface StreamsOptions {
  readonly statistics: ModelStatistics;
  readonly clock: Clock;
  /** How many may be open, running or waiting for a worker. */
  readonly queueLimit: number;
}

/** Nobody knows how long streams take. */
const RETRY_AFTER_MS = 1_000;
/** A reader that is so far behind is no reader: its stream ends, and the worker is free again. */
const MOST_BEHIND = { pieces: 10_000, bytes: 16 * 1024 * 1024 };

/** Answers that come piece by piece, each from one worker. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #underWay = new UnderWay();
  /** Those that have not ended, and whose workers they ask. */
  readonly #open = new Map<Stream, Generation>();

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /** Begins at once; leaving the loop cancels what is not there yet. Throws queue.full when too many are open. */
  open(request: InferRequest, generation: Generation): AsyncIterable<Payload> {
    const { queueLimit } = this.#options;
    const stream = new Stream(request, this.#options, () => {
      this.#open.delete(stream);
      this.#underWay.end();
    });
    this.#underWay.begin();
    this.#open.set(stream, generation);
    if (this.#open.size > queueLimit) {
      const error = fullError(queueLimit, RETRY_AFTER_MS);
      stream.give(error);
      throw error;
    }
    stream.begin(generation);
    return stream.pieces();
  }

  /** Ends those that these workers have, or were to have. */
  failAll(generation: Generation, error: DingError): void {
    for (const [stream, of] of this.#open) if (of === generation) stream.give(error);
  }

  /** Resolves when every stream has ended, or the deadline has come. */
  empty(deadline?: AbortSignal): Promise<void> {
    return this.#underWay.none(deadline);
  }
}

class Stream {
  readonly #request: InferRequest;
  readonly #options: StreamsOptions;
  readonly #onEnded: () => void;
  readonly #arrivedMs: number;
  readonly #waiting: Payload[] = [];
  #waitingBytes = 0;
  #outBytes = 0;
  #takenMs: number | undefined;
  #worker: string | undefined;
  #end: { error?: DingError } | undefined;
  #cancel: () => void = () => {};
  #wakeReader: () => void = () => {};
  readonly #disposables: Disposable[] = [];

  constructor(request: InferRequest, options: StreamsOptions, onEnded: () => void) {
    this.#request = request;
    this.#options = options;
    this.#onEnded = onEnded;
    this.#arrivedMs = options.clock.now();
    options.statistics.onArrived(this.#arrivedMs, request.client);
  }

  begin(generation: Generation): void {
    const { payload, parameters = {}, id, signal, timeoutMs } = this.#request;
    const { clock, statistics } = this.#options;
    const meta: StreamMeta = { parameters: { ...parameters }, id };
    let body: Uint8Array;
    try {
      body = encodeBatch([payload], generation.memory);
    } catch (thrown) {
      return this.#finish(DingError.from(thrown));
    }
    this.#cancel = generation.run(
      {
        method: WORKER_METHODS.STREAM,
        meta,
        body,
        taken: ({ id: worker }) => {
          this.#takenMs = clock.now();
          this.#worker = worker;
        },
        event: (name, piece) => {
          if (name !== WORKER_EVENTS.PIECE || this.#end) return;
          if (this.#outBytes === 0) statistics.onFirstPiece(this.#arrivedMs);
          const [result] = decodeAnswer(piece ?? new Uint8Array(), generation.memory).results;
          if (result && !("error" in result)) this.#take(result);
        },
        reply: () => {
          generation.memory?.release(body);
          this.#finish();
        },
        fail: (record) => {
          generation.memory?.release(body);
          this.#finish(DingError.fromRecord(record));
        },
      },
      timeoutMs ?? 0,
    );
    if (timeoutMs)
      this.#disposables.push(clock.after(timeoutMs, () => this.give(lateError(timeoutMs))));
    if (!signal) return;
    const leave = (): void => this.give(cancelledError());
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    this.#disposables.push({ [Symbol.dispose]: () => signal.removeEventListener("abort", leave) });
  }

  async *pieces(): AsyncGenerator<Payload> {
    try {
      for (;;) {
        const piece = this.#waiting.shift();
        if (piece) {
          this.#waitingBytes -= payloadBytes(piece);
          yield piece;
        } else if (this.#end) {
          if (this.#end.error) throw this.#end.error;
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wakeReader = resolve));
        }
      }
    } finally {
      if (!this.#end) this.give(cancelledError());
    }
  }

  #take(piece: Payload): void {
    const bytes = payloadBytes(piece);
    this.#outBytes += bytes;
    this.#waitingBytes += bytes;
    this.#waiting.push(piece);
    if (this.#waiting.length > MOST_BEHIND.pieces || this.#waitingBytes > MOST_BEHIND.bytes) {
      // Nor is what waits kept: the reader may never come.
      this.#waiting.length = 0;
      this.#waitingBytes = 0;
      this.give(
        new DingError("task.cancelled", "The stream was ended: its reader is too far behind"),
      );
    }
    this.#wakeReader();
  }

  /** Nobody wants the rest. */
  give(error: DingError): void {
    if (this.#end) return;
    this.#cancel();
    this.#finish(error);
  }

  #finish(error?: DingError): void {
    if (this.#end) return;
    this.#end = error ? { error } : {};
    for (const disposable of this.#disposables) disposable[Symbol.dispose]();
    const { statistics, clock } = this.#options;
    const { client, id, payload, traceparent } = this.#request;
    const now = clock.now();
    const takenMs = this.#takenMs ?? now;
    const [arrivedMs, worker] = [this.#arrivedMs, this.#worker];
    const request = { arrivedMs, client, rows: 1, id, traceparent, worker };
    if (error) statistics.onFailed(request, error);
    else {
      statistics.onAnswered({
        ...request,
        queueMs: takenMs - this.#arrivedMs,
        computeMs: now - takenMs,
        inBytes: payloadBytes(payload),
        outBytes: this.#outBytes,
      });
    }
    this.#wakeReader();
    this.#onEnded();
  }
}
