import type { DingError } from "../../core/errors.ts";
import type { Batcher } from "../batcher.ts";
import type { InferRequest, Payload } from "../inference.ts";
import type { Generation } from "./generation.ts";
import { fullError } from "./refusals.ts";
import { Stream, type StreamOptions } from "./stream.ts";
import { UnderWay } from "./under-way.ts";

/** What streams need of their model. */
export interface StreamsOptions extends StreamOptions {
  /** One waits for a worker. */
  readonly onWaiting: () => void;
  /** How many may be open, running or waiting for a worker. */
  readonly queueLimit: number;
}

/** Nobody knows how long streams take. */
const RETRY_AFTER_MS = 1_000;
const FEW = 64;

/** Answers that come piece by piece, each from one worker. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #underWay = new UnderWay();
  /** Those that have not ended. */
  readonly #open = new Set<Stream>();
  /** Those of them that no worker has, the oldest first. */
  readonly #waiting: Stream[] = [];
  /** Was it a stream what began last? */
  #wasLast = false;
  /** Which was the last turn of each client that has streams here, or had some of late. */
  #turns = new Map<string, number>();
  #lastTurn = 0;

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
      const full = { queuedRows: queueLimit, maxQueuedRows: queueLimit };
      const error = fullError(1, full, RETRY_AFTER_MS);
      stream.give(error);
      throw error;
    }
    this.#waiting.push(stream);
    stream.bound();
    onWaiting();
    return stream.pieces();
  }

  get areWaiting(): boolean {
    while (this.#waiting[0]?.isEnded) this.#waiting.shift();
    return this.#waiting.length > 0;
  }

  /** Does one begin before the items that wait? Whoever came first does; but streams are long: no two begin in a row then. */
  goBefore(items: Pick<Batcher<never>, "queuedRows" | "oldestWaitMs">, now: number): boolean {
    if (!this.areWaiting) return false;
    if (items.queuedRows === 0) return true;
    const sinceMs = this.#waiting[0]?.arrivedMs ?? Infinity;
    return !this.#wasLast && sinceMs <= now - items.oldestWaitMs(now);
  }

  /** Gives a worker to a stream: clients take turns, and each has its own in their order. */
  beginNext(generation: Generation): void {
    let next = 0;
    let leastTurn = Infinity;
    for (const [index, { client, isEnded }] of this.#waiting.entries()) {
      const turn = this.#turns.get(client) ?? 0;
      if (isEnded || turn >= leastTurn) continue;
      [next, leastTurn] = [index, turn];
      if (turn === 0) break;
    }
    this.#wasLast = true;
    const [stream] = this.#waiting.splice(next, 1);
    if (!stream) return;
    this.#turns.set(stream.client, (this.#lastTurn += 1));
    this.#forgetTurns();
    stream.begin(generation);
  }

  /** A batch has begun. */
  onBatch(): void {
    this.#wasLast = false;
  }

  /** Ends all. */
  failAll(error: DingError): void {
    for (const stream of this.#open) stream.give(error);
  }

  /** Resolves when every stream has ended, or the deadline has come. */
  empty(deadline?: AbortSignal): Promise<void> {
    return this.#underWay.none(deadline);
  }

  #forgetTurns(): void {
    if (this.#turns.size <= 2 * this.#open.size + FEW) return;
    const clients = new Set(Array.from(this.#open, ({ client }) => client));
    this.#turns = new Map([...this.#turns].filter(([client]) => clients.has(client)));
  }
}
