import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { decodeAnswer, encodeBatch, payloadBytes } from "../batch-frame.ts";
import type { InferRequest, Payload } from "../inference.ts";
import type { ModelStatistics } from "../page/model-statistics.ts";
import { WORKER_EVENTS, WORKER_METHODS, type StreamMeta } from "../worker-protocol.ts";
import type { Generation } from "./generation.ts";
import { cancelledError, fullError, lateError, silentError } from "./refusals.ts";
import { UnderWay } from "./under-way.ts";

/** What streams need of their model. */
export interface StreamsOptions {
  readonly statistics: ModelStatistics;
  readonly clock: Clock;
  /** How often one runs again whose worker died before its first piece. */
  readonly retries: number;
  /** The longest that a worker may be without a piece; 0 for no limit. */
  readonly pieceTimeoutMs: number;
  /** One waits for a worker. */
  readonly onWaiting: () => void;
  /** How many may be open, running or waiting for a worker. */
  readonly queueLimit: number;
}

/** Nobody knows how long streams take. */
const RETRY_AFTER_MS = 1_000;
/** A reader that is so far behind is no reader: its stream ends, and the worker is free again. */
const MOST_BEHIND = { pieces: 10_000, bytes: 16 * 1024 * 1024 };

/** Many readers leave early, and a worker may be in the middle of a piece then: it is not killed for that. */
const CANCEL_GRACE_MS = 3_000;

/** Answers that come piece by piece, each from one worker. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #underWay = new UnderWay();
  /** Those that have not ended. */
  readonly #open = new Set<Stream>();
  /** Those of them that no worker has, the oldest first. */
  readonly #waiting: Stream[] = [];

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /** Waits for a worker of its own; leaving the loop cancels what is not there yet. Throws queue.full when too many are open. */
  open(request: InferRequest): AsyncIterable<Payload> {
    const { queueLimit, onWaiting } = this.#options;
    const stream = new Stream(request, this.#options, {
      ended: () => {
        this.#open.delete(stream);
        this.#underWay.end();
      },
      again: () => {
        this.#waiting.unshift(stream);
        onWaiting();
      },
    });
    this.#underWay.begin();
    this.#open.add(stream);
    if (this.#open.size > queueLimit) {
      const error = fullError(queueLimit, RETRY_AFTER_MS);
      stream.give(error);
      throw error;
    }
    this.#waiting.push(stream);
    stream.bound();
    onWaiting();
    return stream.pieces();
  }

  /** When the one came that waits the longest; Infinity when none does. */
  get waitingSince(): number {
    while (this.#waiting[0]?.isEnded) this.#waiting.shift();
    return this.#waiting[0]?.arrivedMs ?? Infinity;
  }

  /** Gives the one that waits the longest to a worker. */
  beginNext(generation: Generation): void {
    this.#waiting.shift()?.begin(generation);
  }

  /** Ends all. */
  failAll(error: DingError): void {
    for (const stream of this.#open) stream.give(error);
  }

  /** Resolves when every stream has ended, or the deadline has come. */
  empty(deadline?: AbortSignal): Promise<void> {
    return this.#underWay.none(deadline);
  }
}

interface StreamEvents {
  ended: () => void;
  /** Its worker has died, and nothing had come of it. */
  again: () => void;
}

class Stream {
  readonly #request: InferRequest;
  readonly #options: StreamsOptions;
  readonly #events: StreamEvents;
  readonly arrivedMs: number;
  readonly #waiting: Payload[] = [];
  #waitingBytes = 0;
  #outBytes = 0;
  #takenMs: number | undefined;
  #worker: string | undefined;
  #end: { error?: DingError } | undefined;
  #hasPiece = false;
  #deaths = 0;
  #patience: Disposable | undefined;
  #cancel: () => void = () => {};
  #wakeReader: () => void = () => {};
  readonly #disposables: Disposable[] = [];

  constructor(request: InferRequest, options: StreamsOptions, events: StreamEvents) {
    this.#request = request;
    this.#options = options;
    this.#events = events;
    this.arrivedMs = options.clock.now();
    options.statistics.onArrived(this.arrivedMs, request.client);
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Ends it when its time is up, or nobody reads it any more. */
  bound(): void {
    const { signal, timeoutMs } = this.#request;
    if (timeoutMs) {
      const late = (): void => this.give(lateError(timeoutMs));
      this.#disposables.push(this.#options.clock.after(timeoutMs, late));
    }
    if (!signal) return;
    const leave = (): void => this.give(cancelledError());
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    this.#disposables.push({ [Symbol.dispose]: () => signal.removeEventListener("abort", leave) });
  }

  begin(generation: Generation): void {
    const { payload, parameters = {}, id } = this.#request;
    const { clock } = this.#options;
    const meta: StreamMeta = { parameters: { ...parameters }, id };
    let body: Uint8Array;
    try {
      body = encodeBatch([payload], generation.memory);
    } catch (thrown) {
      return this.#finish(DingError.from(thrown));
    }
    this.#waitForPiece();
    this.#cancel = generation.run(
      {
        method: WORKER_METHODS.STREAM,
        meta,
        body,
        cancelGraceMs: CANCEL_GRACE_MS,
        taken: ({ id: worker }) => {
          this.#takenMs = clock.now();
          this.#worker = worker;
        },
        event: (name, piece) => {
          if (name === WORKER_EVENTS.PIECE && piece) this.#onPiece(piece, generation);
        },
        settled: () => generation.memory?.release(body),
        reply: () => this.#finish(),
        fail: (record) => this.#onFailed(DingError.fromRecord(record)),
      },
      0,
    );
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

  #onPiece(piece: Uint8Array, { memory }: Generation): void {
    if (this.#end) return;
    const [result] = decodeAnswer(piece, memory).results;
    if (!result) return;
    if ("error" in result) return this.give(DingError.fromRecord(result.error));
    if (!this.#hasPiece) this.#options.statistics.onFirstPiece(this.arrivedMs);
    this.#hasPiece = true;
    this.#waitForPiece();
    this.#take(result);
  }

  /** Whoever has read a piece cannot read it again: only one that has given none is run again. */
  #onFailed(error: DingError): void {
    this.#deaths += 1;
    const mayAgain = !this.#hasPiece && this.#deaths <= this.#options.retries;
    if (this.#end || error.code !== "worker.exited" || !mayAgain) return this.#finish(error);
    this.#patience?.[Symbol.dispose]();
    this.#cancel = () => {};
    this.#events.again();
  }

  #waitForPiece(): void {
    const { pieceTimeoutMs, clock } = this.#options;
    this.#patience?.[Symbol.dispose]();
    if (pieceTimeoutMs === 0) return;
    this.#patience = clock.after(pieceTimeoutMs, () => this.give(silentError(pieceTimeoutMs)));
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
    this.#patience?.[Symbol.dispose]();
    for (const disposable of this.#disposables) disposable[Symbol.dispose]();
    const { statistics, clock } = this.#options;
    const { client, id, payload, traceparent } = this.#request;
    const now = clock.now();
    const takenMs = this.#takenMs ?? now;
    const { arrivedMs } = this;
    const worker = this.#worker;
    const request = { arrivedMs, client, rows: 1, id, traceparent, worker };
    if (error) statistics.onFailed(request, error);
    else {
      statistics.onAnswered({
        ...request,
        queueMs: takenMs - arrivedMs,
        computeMs: now - takenMs,
        inBytes: payloadBytes(payload),
        outBytes: this.#outBytes,
      });
    }
    this.#wakeReader();
    this.#events.ended();
  }
}
