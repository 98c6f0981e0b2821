import { Buffer } from "node:buffer";
import type { ChainableCommander, Redis } from "ioredis";
import type { Outgoing, PubSubDriver, PubSubHooks } from "../pubsub/pubsub-driver.ts";
import { RedisLink, type RedisAddress, type RedisLinkOptions } from "./redis-link.ts";

/** One try of a call; the callers try again for ever. */
const PATIENCE_MS = 20_000;

/**
 * Publish and subscribe with Redis, on two connections: who listens can say nothing. Redis cuts off a listener for whom
 * more waits than its `client-output-buffer-limit pubsub`; it comes back, and lacks what came meanwhile.
 */
export class RedisPubSubDriver implements PubSubDriver {
  readonly maxFrameBytes = 4 * 1024 * 1024;
  readonly #publisher: RedisLink;
  readonly #listener: RedisLink;
  readonly #topics = new Set<string>();
  readonly #up = new Set<"publisher" | "listener">();
  #hooks: PubSubHooks | undefined;
  #isUp = false;

  constructor(address: RedisAddress, options: Pick<RedisLinkOptions, "clock" | "log">) {
    this.#publisher = new RedisLink(address, {
      ...options,
      thing: "broker",
      onUp: () => this.#change("publisher", true),
      onDown: () => this.#change("publisher", false),
    });
    this.#listener = new RedisLink(address, {
      ...options,
      thing: "broker",
      onUp: (redis) => this.#listen(redis),
      onDown: () => this.#change("listener", false),
    });
  }

  async open(hooks: PubSubHooks): Promise<void> {
    this.#hooks = hooks;
    await Promise.all([this.#publisher.open(), this.#listener.open()]);
  }

  async send(batch: readonly Outgoing[]): Promise<void> {
    await this.#publisher.run((redis) => publish(redis.pipeline(), batch), "use", PATIENCE_MS);
  }

  async listen(topic: string): Promise<void> {
    this.#topics.add(topic);
    // A new connection listens to all of them before this is said on it.
    await this.#listener.run(
      async (redis) => {
        if (this.#topics.has(topic)) await redis.subscribe(topic);
      },
      "use",
      PATIENCE_MS,
    );
  }

  async unlisten(topic: string): Promise<void> {
    this.#topics.delete(topic);
    if (!this.#up.has("listener")) return; // the next connection does not know it
    await this.#listener.run(
      async (redis) => {
        if (!this.#topics.has(topic)) await redis.unsubscribe(topic);
      },
      "use",
      PATIENCE_MS,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      this.#publisher[Symbol.asyncDispose](),
      this.#listener[Symbol.asyncDispose](),
    ]);
  }

  async #listen(redis: Redis): Promise<void> {
    redis.on("messageBuffer", (topic: Buffer, frame: Buffer) =>
      this.#hooks?.message(topic.toString(), frame),
    );
    if (this.#topics.size > 0) await redis.subscribe(...this.#topics);
    this.#change("listener", true);
  }

  /** It is up when both are. */
  #change(which: "publisher" | "listener", isUp: boolean): void {
    if (isUp) this.#up.add(which);
    else this.#up.delete(which);
    const isBoth = this.#up.size === 2;
    if (isBoth === this.#isUp) return;
    this.#isUp = isBoth;
    this.#hooks?.change(isBoth ? "up" : "down");
  }
}

async function publish(pipeline: ChainableCommander, batch: readonly Outgoing[]): Promise<void> {
  for (const { topic, frame } of batch) {
    pipeline.publish(topic, Buffer.from(frame.buffer, frame.byteOffset, frame.length));
  }
  const results = (await pipeline.exec()) ?? [];
  const failed = results.find(([error]) => error);
  if (failed) throw failed[0];
}
