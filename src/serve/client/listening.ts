import { DingError, errorOf } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { Body } from "../../rpc/message.ts";
import { NATIVE_EVENTS, NATIVE_METHODS, type ToldAnswer } from "../native/session-protocol.ts";
import type { Fleet } from "./fleet.ts";
import { Inflow } from "./inflow.ts";
import type { Line } from "./line.ts";

/** An answer to a request of a client of the same identity. */
export type Heard = { id: string; result: unknown } | { id: string; error: DingError };

/** How much may wait for who listens. */
export interface ListenOptions {
  /** Default 10,000. */
  maxAnswers?: number | undefined;
  /** Default 64 MiB. */
  maxBytes?: number | undefined;
  signal?: AbortSignal | undefined;
}

const MOST_ANSWERS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * The answers to all clients of one identity, from `ready` on. It begins at
 * once, not with the first look. A listener that is too slow hears what is
 * kept for it and then an error; leaving the loop ends it. What is answered
 * while a server that went away is not there again is not heard.
 */
export class Listening implements AsyncIterableIterator<Heard, void, undefined>, AsyncDisposable {
  /** Resolves when a server tells everything from here on; rejects when none can be reached. */
  readonly ready: Promise<void>;
  readonly #fleet: Fleet;
  readonly #heard = new Inflow<Heard>();
  readonly #lines = new Set<Line>();
  readonly #listening = Promise.withResolvers<void>();
  readonly #maxAnswers: number;
  readonly #maxBytes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#end(this.#signal?.reason);
  readonly #onEnd: () => void;

  /** The fleet is its own, and ends with it; `onEnd` is told. */
  constructor(fleet: Fleet, { maxAnswers, maxBytes, signal }: ListenOptions, onEnd: () => void) {
    this.#fleet = fleet;
    this.#onEnd = onEnd;
    this.#maxAnswers = maxAnswers ?? MOST_ANSWERS;
    this.#maxBytes = maxBytes ?? MOST_BYTES;
    this.#signal = signal;
    this.ready = this.#listening.promise;
    this.ready.catch(() => {}); // it may be that only the loop is looked at
    fleet.keepUp((line) => this.#listenTo(line));
    this.#expectLine();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
  }

  async next(): Promise<IteratorResult<Heard, void>> {
    const next = await this.#heard.take();
    return next ? { done: false, value: next.value } : { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Heard, void>> {
    this.#end(undefined);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(undefined);
  }

  #listenTo(line: Line): void {
    this.#lines.add(line);
    line.call(NATIVE_METHODS.LISTEN, null, undefined, {
      reply: () => void this.#lines.delete(line),
      fail: (error) => this.#end(error),
      lost: () => {
        this.#lines.delete(line);
        if (this.#lines.size === 0) this.#expectLine();
      },
      event: (name, body) => this.#onEvent(name, body),
    });
  }

  /** As long as the fleet is patient; then listening has come to nothing. */
  #expectLine(): void {
    if (this.#heard.hasEnded) return;
    // Not within the end of the last line: that must be over first.
    queueMicrotask(() => {
      this.#fleet.connect().catch((thrown: unknown) => {
        // Whoever closes the client wants no error of it.
        this.#end(this.#fleet.isClosed ? undefined : thrown);
      });
    });
  }

  #onEvent(name: string, body: Body): void {
    if (name === NATIVE_EVENTS.LISTENING) return this.#listening.resolve();
    if (!body || this.#heard.hasEnded) return;
    this.#heard.put(heardOf(msgpack.decode(body) as ToldAnswer), body.length);
    if (this.#heard.size <= this.#maxAnswers && this.#heard.bytes <= this.#maxBytes) return;
    const kept = `${this.#heard.size} answers, ${this.#heard.bytes} bytes wait`;
    this.#end(
      new DingError("queue.full", `Cannot go on listening: this listener is too slow: ${kept}`, {
        hint: "Take the answers faster, or let more of them wait; what came meanwhile is missed.",
      }),
    );
  }

  #end(thrown: unknown): void {
    if (this.#heard.hasEnded) return;
    this.#heard.end(thrown);
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#fleet[Symbol.dispose]();
    this.#onEnd();
    this.#listening.reject(thrown ?? new DingError("state.invalid", "Cannot listen: it has ended"));
  }
}

function heardOf({ id, result, error }: ToldAnswer): Heard {
  if (!error) return { id, result };
  const told = DingError.fromRecord(error);
  return { id, error: errorOf(told.code, told.message, told) };
}
