import { RedisLink, type RedisAddress, type RedisLinkOptions } from "./redis-link.ts";

/**
 * Hears, on a connection of its own, that there is something to take, and tells all watchers. They are told too
 * when it has been deaf for a while. It connects when somebody watches for the first time.
 */
export class RedisWake implements AsyncDisposable {
  readonly #link: RedisLink;
  readonly #watchers = new Set<() => void>();

  constructor(
    address: RedisAddress,
    channel: string,
    options: Pick<RedisLinkOptions, "clock" | "log">,
  ) {
    const nudge = (): void => this.nudge();
    this.#link = new RedisLink(address, {
      ...options,
      async onUp(redis) {
        redis.on("message", nudge);
        await redis.subscribe(channel);
        nudge();
      },
    });
  }

  watch(nudge: () => void): Disposable {
    this.#link.start();
    this.#watchers.add(nudge);
    return { [Symbol.dispose]: () => void this.#watchers.delete(nudge) };
  }

  nudge(): void {
    for (const each of this.#watchers) each();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#link[Symbol.asyncDispose]();
  }
}
