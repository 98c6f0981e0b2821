import { setImmediate } from "node:timers";
import { DingError } from "../core/errors.ts";
import { isThenable } from "../core/wait.ts";
import { Fifo } from "../core/fifo.ts";

/** What hears an event: gets the arguments of the emit. */
export type Handler = (...args: never[]) => unknown;

/** One registration of a handler. */
export interface Listener {
  /** What was registered; `off` finds it by this. */
  readonly handler: Handler;
  /** True takes the event. */
  readonly accepts: ((args: readonly unknown[]) => boolean) | undefined;
  readonly isOnce: boolean;
  /** The next event does not wait for it. */
  readonly isConcurrent: boolean;
  isOff: boolean;
}

/** What a channel stands on. */
export interface ChannelOptions {
  event: string;
  /** So many events may wait; from half of it on an emit that is awaited waits for room. */
  limit: number;
  /** A handler threw; what this throws in turn is what the emit rejects with. */
  onError: (error: unknown, event: string) => void;
  /** The channel has nothing to do any more; told when nobody listens, or somebody waits for that. */
  onIdle: () => void;
  isIdleAwaited: () => boolean;
}

type Args = readonly unknown[];

interface Queued {
  args: Args;
  bytes: number;
}

const NOTHING: Queued = { args: [], bytes: 0 };

/** What comes from other nodes is large at times: so much may wait for the handlers of one event. */
const MOST_QUEUED_BYTES = 32 * 1024 * 1024;

/** So many events in one turn; then others get theirs. */
const MOST_IN_A_TURN = 1_024;

/**
 * One event's listeners and what waits for them: one event after the other, each to all listeners in the order in which
 * they came, the next when the last of them is done. When nothing waits a handler is called within the emit.
 */
export class Channel {
  readonly #options: ChannelOptions;
  #listeners: readonly Listener[] = [];
  readonly #queue = new Fifo<Queued>();
  #queuedBytes = 0;
  #isBusy = false;
  /** Concurrent handlers under way. */
  #beside = 0;
  #roomWaiters: (() => void)[] = [];
  /** Of the turn under way; nearly always empty. */
  readonly #errors: unknown[] = [];

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  get isIdle(): boolean {
    return !this.#isBusy && this.#beside === 0;
  }

  /** Events that wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  add(listener: Listener): void {
    this.#listeners = [...this.#listeners, listener];
  }

  remove(listener: Listener): void {
    listener.isOff = true;
    this.#listeners = this.#listeners.filter((other) => other !== listener);
    if (!this.#isBusy) this.#options.onIdle();
  }

  /**
   * Resolves when its handlers are done; if others are before it, when it has a place in the queue and there is room for
   * more. Undefined when that is so at once. Throws `queue.full` beyond the limit.
   */
  emit(args: Args): Promise<void> | undefined {
    if (!this.#isBusy) return this.#begin(args);
    const { event, limit } = this.#options;
    const waiting = this.#queue.size;
    if (waiting < limit) return this.#enqueue(args, 0);
    const told = `${waiting} events wait for its handlers`;
    throw new DingError("queue.full", `Cannot emit event "${event}": ${told}`, {
      hint: "Await each emit: it waits for room.",
      details: { event, limit },
    });
  }

  /** As `emit()`, for who cannot be refused: it brings nothing more until what this gives has resolved. */
  deliver(args: Args, bytes: number): Promise<void> | undefined {
    if (this.#isBusy) return this.#enqueue(args, bytes);
    void this.#begin(args);
    return undefined;
  }

  /** Events from before the first listener: they come first, after this turn. */
  replay(early: readonly Args[]): void {
    this.#queue.putFirst(early.map((args) => ({ args, bytes: 0 })));
    if (this.#isBusy || early.length === 0) return;
    this.#isBusy = true;
    queueMicrotask(() => this.#goOn());
  }

  /** Nothing that waits is handled any more. */
  clear(): void {
    for (const listener of this.#listeners) listener.isOff = true;
    this.#listeners = [];
    this.#queue.clear();
    this.#queuedBytes = 0;
    this.#wakeAll();
  }

  #begin(args: Args): Promise<void> | undefined {
    this.#isBusy = true;
    let running: Promise<void> | undefined;
    try {
      running = this.#call(args);
    } catch (error) {
      running = Promise.reject(error as Error);
    }
    if (!running) {
      if (this.#queue.size > 0) this.#goOn();
      else this.#onDone();
    } else {
      running = running.finally(() => this.#goOn());
      running.catch(() => {}); // it was reported: whoever does not await the emit must not end the process
    }
    return running;
  }

  #enqueue(args: Args, bytes: number): Promise<void> | undefined {
    this.#queue.push({ args, bytes });
    this.#queuedBytes += bytes;
    if (this.#hasRoom) return undefined;
    return new Promise((resolve) => void this.#roomWaiters.push(resolve));
  }

  get #hasRoom(): boolean {
    return this.#queue.size <= this.#options.limit / 2 && this.#queuedBytes <= MOST_QUEUED_BYTES;
  }

  /** Handles what waits; a queue of handlers that do not wait for anything is emptied in this turn, up to a bound. */
  #goOn(): void {
    for (let handled = 0; this.#queue.size > 0; handled++) {
      if (handled >= MOST_IN_A_TURN) return void setImmediate(() => this.#goOn());
      const { args, bytes } = this.#queue.take() ?? NOTHING;
      this.#queuedBytes -= bytes;
      if (this.#hasRoom) this.#wakeAll();
      try {
        const running = this.#call(args);
        if (running) return void running.catch(() => {}).then(() => this.#goOn());
      } catch {
        // It was reported; its emit has resolved already.
      }
    }
    this.#onDone();
  }

  #onDone(): void {
    this.#isBusy = false;
    if (this.#listeners.length === 0 || this.#options.isIdleAwaited()) this.#options.onIdle();
  }

  #wakeAll(): void {
    for (const wake of this.#roomWaiters.splice(0)) wake();
  }

  /** Calls them all, whatever one of them throws; then throws the first error. */
  #call(args: Args): Promise<void> | undefined {
    const errors = this.#errors;
    const listeners = this.#listeners;
    for (let index = 0; index < listeners.length; index++) {
      const running = this.#callOne(listeners[index] as Listener, args, errors);
      if (!running) continue;
      const own = errors.splice(0);
      return this.#callRest({ listeners, from: index + 1, running }, args, own);
    }
    if (errors.length > 0) throw errors.splice(0)[0];
    return undefined;
  }

  async #callRest(
    rest: { listeners: readonly Listener[]; from: number; running: PromiseLike<unknown> },
    args: Args,
    errors: unknown[],
  ): Promise<void> {
    await this.#settle(rest.running, errors);
    for (const listener of rest.listeners.slice(rest.from)) {
      const running = this.#callOne(listener, args, errors);
      if (running) await this.#settle(running, errors);
    }
    if (errors.length > 0) throw errors[0];
  }

  async #settle(running: PromiseLike<unknown>, errors: unknown[]): Promise<void> {
    try {
      await running;
    } catch (error) {
      this.#report(error, errors);
    }
  }

  #callOne(listener: Listener, args: Args, errors: unknown[]): PromiseLike<unknown> | undefined {
    if (listener.isOff) return undefined;
    try {
      if (listener.accepts?.(args) === false) return undefined;
      if (listener.isOnce) this.remove(listener);
      const result = (listener.handler as (...args: readonly unknown[]) => unknown)(...args);
      if (!isThenable(result)) return undefined;
      const isBeside = listener.isConcurrent && this.#beside < this.#options.limit;
      return isBeside ? this.#leave(result) : result;
    } catch (error) {
      this.#report(error, errors);
      return undefined;
    }
  }

  /** Nobody waits for it; its error is told all the same. */
  #leave(running: PromiseLike<unknown>): undefined {
    this.#beside += 1;
    const done = (): void => {
      this.#beside -= 1;
      if (this.isIdle) this.#options.onIdle();
    };
    running.then(done, (error: unknown) => {
      this.#report(error, []);
      done();
    });
  }

  #report(error: unknown, errors: unknown[]): void {
    try {
      this.#options.onError(error, this.#options.event);
    } catch (thrown) {
      errors.push(thrown);
    }
  }
}
