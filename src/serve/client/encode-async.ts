import { DingError } from "../../core/errors.ts";
import type { Response } from "./response.ts";

/** How many items of a generator are sent, and how many at a time. */
export interface EncodeAsyncOptions {
  /** No more than so many items are taken from the generator; default all. */
  maxNumBatch?: number | undefined;
  /** Most items that are out, or answered and not yet taken by who reads; default 64. */
  window?: number | undefined;
  /** For each item. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Where items come from. */
export type ItemSource<T> = Iterable<T> | AsyncIterable<T>;

/** Sends one item; resolves with its end, never rejects. */
export type SendItem<T> = (item: T, signal: AbortSignal) => Promise<Response>;

const DEFAULT_WINDOW = 64;

/**
 * Sends what a generator gives while answers come in, and gives these in the
 * order in which they come. A slow generator is waited for; an item that fails
 * is a response with its error; an error of the generator is thrown after what
 * was sent has been answered. Leaving the loop cancels what is out.
 */
export async function* encodeAsync<T>(
  source: ItemSource<T>,
  send: SendItem<T>,
  { maxNumBatch = Infinity, window = DEFAULT_WINDOW, signal }: EncodeAsyncOptions = {},
): AsyncGenerator<Response, void, undefined> {
  const flow = new Flow(source, send, { maxNumBatch, window, signal });
  try {
    for (let next = await flow.next(); next; next = await flow.next()) yield next;
  } finally {
    flow.stop();
  }
}

/** A text is a list of its letters, as everywhere. */
function iteratorOf<T>(source: ItemSource<T>): Iterator<T> | AsyncIterator<T> {
  const given = Object(source) as Partial<Iterable<T> & AsyncIterable<T>>;
  const iterator = given[Symbol.asyncIterator]?.() ?? given[Symbol.iterator]?.();
  if (iterator) return iterator;
  const told = source === null ? "null" : typeof source;
  throw new DingError("usage.invalid-input", `Cannot encode items: they are no list: got ${told}`, {
    hint: "Pass a list or what a generator function gives when it is called: encodeAsync(items()).",
  });
}

class Flow<T> {
  readonly #items: Iterator<T> | AsyncIterator<T>;
  readonly #send: SendItem<T>;
  readonly #window: number;
  readonly #leaving = new AbortController();
  readonly #signal: AbortSignal;
  #left: number;
  /** Sent, and not yet taken by who reads. */
  #out = 0;
  #answered: Response[] = [];
  #isExhausted = false;
  #failure: { thrown: unknown } | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeSender: (() => void) | undefined;

  constructor(
    source: ItemSource<T>,
    send: SendItem<T>,
    {
      maxNumBatch,
      window,
      signal,
    }: { maxNumBatch: number; window: number; signal: AbortSignal | undefined },
  ) {
    this.#items = iteratorOf(source);
    this.#send = send;
    this.#window = window;
    this.#left = maxNumBatch;
    this.#signal = AbortSignal.any([this.#leaving.signal, ...(signal ? [signal] : [])]);
    this.#signal.addEventListener("abort", this.#onAbort, { once: true });
    void this.#feed();
  }

  /** The next answer; undefined when all have come. Throws what the generator threw, or why it was aborted. */
  async next(): Promise<Response | undefined> {
    for (;;) {
      this.#signal.throwIfAborted();
      const next = this.#answered.shift();
      if (next) {
        this.#out -= 1;
        this.#wakeSender?.();
        return next;
      }
      if (this.#isExhausted && this.#out === 0) {
        if (this.#failure) throw this.#failure.thrown;
        return undefined;
      }
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  /** Whoever reads has left, or has all. */
  stop(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#leaving.abort(new DOMException("Nobody reads the answers any more", "AbortError"));
    this.#wakeSender?.();
    this.#letGo();
  }

  readonly #onAbort = (): void => {
    this.#wakeReader?.();
    this.#wakeSender?.();
  };

  async #feed(): Promise<void> {
    try {
      for (; this.#left > 0; this.#left -= 1) {
        while (this.#out >= this.#window && !this.#signal.aborted) {
          await new Promise<void>((resolve) => (this.#wakeSender = resolve));
        }
        if (this.#signal.aborted) break;
        const { done, value } = await this.#items.next();
        if (done === true || this.#signal.aborted) break;
        this.#out += 1;
        void this.#send(value, this.#signal).then((response) => {
          this.#answered.push(response);
          this.#wakeReader?.();
        });
      }
      if (this.#left <= 0) this.#letGo();
    } catch (thrown) {
      this.#failure = { thrown };
    }
    this.#isExhausted = true;
    this.#wakeReader?.();
  }

  /** The generator may clean up; one that is in the middle of something does so when it is done with it. */
  #letGo(): void {
    try {
      void Promise.resolve(this.#items.return?.()).catch(() => {});
    } catch {
      // what it thinks of its end changes nothing for who reads
    }
  }
}
