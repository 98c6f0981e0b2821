/** What goes to a topic, as it is on the wire. */
export interface Outgoing {
  topic: string;
  frame: Uint8Array;
}

/** Whom a driver tells what happens. */
export interface PubSubHooks {
  /** The frame may be a view of a buffer that is used again. */
  message: (topic: string, frame: Uint8Array) => void;
  change: (state: "up" | "down") => void;
}

/** One kind of broker, below `BrokerPubSub`: frames in and out, and a connection that comes back for ever. */
export interface PubSubDriver extends AsyncDisposable {
  /** More than this goes in parts. */
  readonly maxFrameBytes: number;
  /** Connects once; rejects if that fails. */
  open(hooks: PubSubHooks): Promise<void>;
  /**
   * In this order; resolves when the broker has them all. Rejects when it is not known which of them it has, with a
   * retryable error if all are to be sent again, or with another one if that is of no use. Called again after that.
   */
  send(batch: readonly Outgoing[]): Promise<void>;
  /** Resolves when the broker knows, which may wait for its return; known again after each break. */
  listen(topic: string): Promise<void>;
  unlisten(topic: string): Promise<void>;
}
