import type { DingError } from "../../core/errors.ts";
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
