import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";

/** Hears one message; the bytes are its own. What it throws is logged. */
export type TopicHandler = (payload: Uint8Array) => void;

/**
 * Publish and subscribe over a broker. A message goes to all who listen to its topic just then, but not to the end
 * that published it. Each hears what one sender says on one topic in order and once; what is said while a listener's
 * connection is broken is lost for it: who may lose nothing counts and asks again. Connections come back for ever, with
 * their subscriptions.
 */
export interface PubSub extends AsyncDisposable {
  /** Where it goes, as it may be shown: without its password. */
  readonly url: string;
  /** False while the connection is broken. */
  readonly isUp: boolean;
  /**
   * Resolves when there is room for more: at once, mostly. What waits for the broker (at most `waiting`) goes out when
   * it is back; rejects with `queue.full` beyond that, `usage.invalid-input` for a topic that cannot be one or a message
   * over `maxMessageBytes`, `service.stopping` when closed. Any size up to that: what is too large for the broker goes
   * in parts.
   */
  publish(topic: string, payload: Uint8Array): Promise<void>;
  /**
   * Resolves when the broker has it, which may wait for its return; disposing of what it gives ends it. The handler
   * is called for each message, one after the other. Any number of handlers for a topic.
   */
  subscribe(topic: string, handler: TopicHandler): Promise<AsyncDisposable>;
  /** Says what waits still, within `drainMs`, and leaves. Twice is once. */
  close(): Promise<void>;
}

/** How a PubSub behaves. */
export interface PubSubOptions {
  /** What may wait for the broker; default 65,536 messages and 64 MiB. A larger message may wait alone. */
  waiting?: { messages: number; bytes: number } | undefined;
  /** Default 1 GiB. */
  maxMessageBytes?: number | undefined;
  /** How long `close()` waits for what is not said yet; default 2,000. */
  drainMs?: number | undefined;
  /** The connection broke ("down"), or stands again with all subscriptions ("up"). */
  onChange?: ((state: "up" | "down") => void) | undefined;
  log?: Logger | undefined;
  clock?: Clock | undefined;
}
