import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { PoolTask } from "../../pool/assignment.ts";
import { msgpack } from "../../protocol/codec.ts";
import { decodeAnswer, encodeBatch, payloadBytes } from "../batch-frame.ts";
import type { InferRequest, Payload } from "../inference.ts";
import type { ModelStatistics } from "../page/model-statistics.ts";
import {
  WORKER_EVENTS,
  WORKER_METHODS,
  type StreamMeta,
  type TakenPieces,
} from "../worker-protocol.ts";
import type { Generation } from "./generation.ts";
import { Patience } from "./patience.ts";
import {
  cancelledError,
  heldError,
  lateError,
  replacedError,
  silentError,
  unreadError,
} from "./refusals.ts";
import { endStandingStill } from "./standing-still.ts";
import { Unread } from "./unread.ts";

/** A generator waits for its reader; for one that takes nothing for so long it does not: its worker is wanted. */
const READER_MS = 30_000;
/** Less, when others wait for the worker: a slow reader holds up nobody for longer. */
const HELD_MS = 3_000;

/** Many readers leave early, and a worker may be in the middle of a piece then: it is not killed for that. */
const CANCEL_GRACE_MS = 3_000;

/** What a stream needs of its model. */
export interface StreamOptions {
  readonly statistics: ModelStatistics;
  readonly clock: Clock;
  readonly log: Logger;
  /** How often one runs again whose worker died before its first piece. */
  readonly retries: number;
  /** The longest that a worker may be without a piece while its reader takes them; 0 for no limit. */
  readonly pieceTimeoutMs: number;
  /** Does anybody wait for a worker? */
  readonly isWorkerWanted: () => boolean;
}

/** What happens to a stream, for those who keep it. */
export interface StreamEvents {
  ended: () => void;
  /** Its worker has died, and nothing had come of it. */
  again: () => void;
}

let lastNumber = 0;

/** An answer that comes piece by piece, from one worker, to one reader: the worker goes on as the reader takes. */
export class Stream {
  readonly #request: InferRequest;
  readonly #options: StreamOptions;
  readonly #events: StreamEvents;
  readonly arrivedMs: number;
  readonly #unread = new Unread((count) => this.#onTaken(count));
  /** With the worker, for the next piece; with the reader, who has not taken the last; and with one for whom the worker stands still. */
  readonly #worker: Patience;
  readonly #reader: Patience;
  readonly #held: Patience;
  readonly #number = ++lastNumber;
  #outBytes = 0;
  #takenMs: number | undefined;
  #takenBy: Parameters<NonNullable<PoolTask["taken"]>>[0] | undefined;
  #end: { error?: DingError } | undefined;
  #hasPiece = false;
  #deaths = 0;
  #cancel: () => void = () => {};
  #wakeReader: () => void = () => {};
  readonly #disposables: Disposable[] = [];

  constructor(request: InferRequest, options: StreamOptions, events: StreamEvents) {
    this.#request = request;
    this.#options = options;
    this.#events = events;
    const { clock, pieceTimeoutMs } = options;
    this.#worker = new Patience(clock, pieceTimeoutMs, () => this.#onSilent());
    this.#reader = new Patience(clock, READER_MS, () => this.#leaveReader(unreadError(READER_MS)));
    this.#held = new Patience(clock, HELD_MS, () => this.#onHeld());
    this.arrivedMs = clock.now();
    options.statistics.onArrived(this.arrivedMs, request.client);
  }

  get client(): string {
    return this.#request.client;
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
    const meta: StreamMeta = { stream: this.#number, parameters: { ...parameters }, id };
    let body: Uint8Array;
    try {
      body = encodeBatch([payload], generation.memory);
    } catch (thrown) {
      return this.#finish(DingError.from(thrown));
    }
    this.#worker.begin();
    this.#cancel = generation.run(
      {
        method: WORKER_METHODS.STREAM,
        meta,
        body,
        cancelGraceMs: CANCEL_GRACE_MS,
        taken: (worker) => {
          this.#takenMs = clock.now();
          this.#takenBy = worker;
        },
        event: (name, told) => {
          if (!told) return;
          if (name === WORKER_EVENTS.PIECE) this.#onPiece(told, generation);
          if (name === WORKER_EVENTS.STATISTIC) {
            this.#options.statistics.onStatistic(msgpack.decode(told) as Record<string, number>);
          }
        },
        settled: () => generation.memory?.release(body),
        reply: () => this.#finish(),
        fail: (record) => this.#onFailed(DingError.fromRecord(record), generation),
      },
      0,
    );
  }

  async *pieces(): AsyncGenerator<Payload> {
    try {
      for (;;) {
        const piece = this.#take();
        if (piece) yield piece;
        else if (this.#end) {
          if (this.#end.error) throw this.#end.error;
          return;
        } else await new Promise<void>((resolve) => (this.#wakeReader = resolve));
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
    this.#outBytes += payloadBytes(result);
    if (this.#unread.isEmpty) this.#reader.begin();
    this.#unread.put(result, piece.length);
    if (this.#unread.isFull) {
      this.#worker.end();
      this.#held.begin();
    } else this.#worker.begin();
    this.#wakeReader();
  }

  #take(): Payload | undefined {
    const piece = this.#unread.take();
    if (this.#unread.isEmpty) this.#reader.end();
    else if (!this.#end) this.#reader.begin();
    return piece;
  }

  /** The generator may go on. */
  #onTaken(count: number): void {
    if (this.#end) return;
    const taken: TakenPieces = [this.#number, count];
    this.#takenBy?.peer.call(WORKER_METHODS.MORE, taken, undefined, { reply() {}, fail() {} });
    this.#held.end();
    this.#worker.begin();
  }

  /** A worker that a signal has stopped would say nothing of anything. */
  #onSilent(): void {
    const { log, pieceTimeoutMs } = this.#options;
    if (this.#takenBy && endStandingStill(this.#takenBy, log)) return;
    this.give(silentError(pieceTimeoutMs));
  }

  #onHeld(): void {
    if (this.#options.isWorkerWanted()) this.#leaveReader(heldError(HELD_MS));
    else this.#held.begin();
  }

  /** Nor is what waits kept: the reader may never come. */
  #leaveReader(error: DingError): void {
    this.#unread.clear();
    this.give(error);
  }

  /** Whoever has read a piece cannot read it again: only one that has given none is run again. */
  #onFailed(error: DingError, { isGone }: Generation): void {
    this.#deaths += 1;
    const mayAgain = !this.#hasPiece && this.#deaths <= this.#options.retries;
    const isDeath = error.code === "worker.exited";
    if (this.#end || !isDeath || !mayAgain) {
      return this.#finish(isDeath && isGone ? replacedError() : error);
    }
    this.#worker.end();
    this.#cancel = () => {};
    this.#events.again();
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
    this.#worker[Symbol.dispose]();
    this.#reader[Symbol.dispose]();
    this.#held[Symbol.dispose]();
    for (const disposable of this.#disposables) disposable[Symbol.dispose]();
    const { statistics, clock } = this.#options;
    const { client, id, payload, traceparent } = this.#request;
    const now = clock.now();
    const takenMs = this.#takenMs ?? now;
    const { arrivedMs } = this;
    const worker = this.#takenBy?.id;
    const request = { arrivedMs, client, rows: 1, id, traceparent, worker };
    // A run of one row, of which its worker was busy as long as it lasted.
    if (worker !== undefined) statistics.onBatch({ worker, rows: 1, ms: now - takenMs });
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
