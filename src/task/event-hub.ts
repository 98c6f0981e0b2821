import { DingError } from "../core/errors.ts";
import { Channel, type Handler, type Listener } from "./channel.ts";
import type { EarlyEvents } from "./early-events.ts";
import { isMatch } from "./glob.ts";

/** How somebody listens. */
export interface ListenOptions {
  /** The first event it accepts is the last it hears. */
  isOnce?: boolean;
  /** The next event does not wait until the handler is done; default it does. */
  concurrent?: boolean | undefined;
  /** True takes the event; default takes all. */
  accepts?: (args: readonly unknown[]) => boolean;
}

/** What a hub stands on. */
export interface EventHubOptions {
  /** So many events of one name may wait for their handlers. */
  limit: number;
  early: EarlyEvents;
  /** A handler threw; what this throws in turn is what the emit rejects with. */
  onError: (error: unknown, event: string) => void;
}

const MOST_EARLY_REQUESTS = 1_000;

/** The events of one task: who listens, and what waits for them. Where an event comes from makes no difference. */
export class EventHub {
  readonly #options: EventHubOptions;
  readonly #channels = new Map<string, Channel>();
  /** Events that somebody listened to for good: nobody who comes later is the first. */
  readonly #known = new Set<string>();
  #idleWaiters: (() => void)[] = [];
  #responderWaiters: (() => void)[] = [];

  constructor(options: EventHubOptions) {
    this.#options = options;
  }

  /** How many handlers listen, to this event or to all. */
  listeners(event?: string): number {
    const channels = event === undefined ? this.#channels.values() : [this.#channels.get(event)];
    return [...channels].reduce((sum, channel) => sum + (channel?.listeners.length ?? 0), 0);
  }

  /** Listens until the returned function is called; events that waited for a first listener come first. */
  on(event: string, handler: Handler, options: ListenOptions = {}): () => void {
    const { isOnce = false, concurrent: isConcurrent = false, accepts } = options;
    const listener: Listener = { handler, accepts, isOnce, isConcurrent, isOff: false };
    const channel = this.#channelOf(event);
    channel.add(listener);
    for (const wake of this.#responderWaiters.splice(0)) wake();
    if (!isOnce) this.#known.add(event);
    if (this.#options.early.size > 0) {
      const one = isOnce ? (accepts ?? (() => true)) : undefined;
      channel.replay(this.#options.early.take(event, one));
    }
    return () => channel.remove(listener);
  }

  /** Ends the listening of all handlers of events that fit the pattern, or of this one. */
  off(pattern: string, handler?: Handler): void {
    for (const [event, channel] of this.#channels) {
      if (!isMatch(event, pattern)) continue;
      for (const listener of channel.listeners) {
        if (!handler || listener.handler === handler) channel.remove(listener);
      }
    }
  }

  /** As `Channel.emit()`; nothing where nobody listens. */
  emit(event: string, args: readonly unknown[]): Promise<void> | undefined {
    return this.#channels.get(event)?.emit(args);
  }

  /**
   * An event of another node, so many bytes long: where nobody listens yet it may wait for somebody. Who brings it
   * brings no more until what this gives has resolved; undefined is at once.
   */
  deliver(event: string, args: readonly unknown[], bytes: number): Promise<void> | undefined {
    const channel = this.#channels.get(event);
    if (channel) return channel.deliver(args, bytes);
    if (!this.#known.has(event)) this.#options.early.keep(event, args, bytes);
    return undefined;
  }

  /** What the first handler of that name gives back; it may still come in the first seconds. Fails where there is none. */
  answer(method: string, arg: unknown): unknown {
    const channel = this.#channels.get(method);
    const listener = channel?.listeners[0];
    if (!channel || !listener) return this.#answerLater(method, arg);
    if (listener.isOnce) channel.remove(listener);
    return (listener.handler as unknown as (arg: unknown) => unknown)(arg);
  }

  async #answerLater(method: string, arg: unknown): Promise<unknown> {
    const { early } = this.#options;
    if (!early.isOpen || this.#responderWaiters.length >= MOST_EARLY_REQUESTS) {
      throw new DingError(
        "http.not-found",
        `Cannot answer "${method}": nobody listens to it here`,
        {
          hint: `What task.on("${method}", handler) gives back is the answer.`,
        },
      );
    }
    const added = new Promise<void>((resolve) => void this.#responderWaiters.push(resolve));
    await Promise.race([added, early.closed]);
    return await this.answer(method, arg);
  }

  /** Resolves when no handler runs and no event waits. */
  async idle(): Promise<void> {
    while ([...this.#channels.values()].some((channel) => !channel.isIdle)) {
      await new Promise<void>((resolve) => void this.#idleWaiters.push(resolve));
    }
  }

  /** Nobody listens any more, and nothing waits. */
  clear(): void {
    for (const channel of this.#channels.values()) channel.clear();
    this.#channels.clear();
    this.#wakeIdle();
    for (const wake of this.#responderWaiters.splice(0)) wake();
  }

  #channelOf(event: string): Channel {
    let channel = this.#channels.get(event);
    if (channel) return channel;
    channel = new Channel({
      event,
      limit: this.#options.limit,
      onError: this.#options.onError,
      onIdle: () => this.#onIdle(event),
      isIdleAwaited: () => this.#idleWaiters.length > 0,
    });
    this.#channels.set(event, channel);
    return channel;
  }

  #onIdle(event: string): void {
    const channel = this.#channels.get(event);
    if (channel?.listeners.length === 0 && channel.isIdle) this.#channels.delete(event);
    this.#wakeIdle();
  }

  #wakeIdle(): void {
    if (this.#idleWaiters.length === 0) return; // as after nearly every event
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}
