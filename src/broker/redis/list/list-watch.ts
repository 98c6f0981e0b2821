import type { Redis } from "ioredis";
import { DingError } from "../../../core/errors.ts";
import { RedisLink } from "../redis-link.ts";
import type { RedisListOptions } from "./redis-list-driver.ts";

/** The server lets the connection wait so long; then it is asked again, so that a dead one is noticed. */
const WAIT_SECONDS = 10;

/**
 * Waits on a connection of its own until the list has something: it moves the first job to where it was, which the
 * server does when there is one. Armed after each look that found too little; ended by its disposal.
 */
export class ListWatch implements AsyncDisposable {
  readonly #options: RedisListOptions;
  readonly #link: RedisLink;
  readonly #watchers = new Set<() => void>();
  #armed = Promise.withResolvers<void>();
  #isOver = false;
  #waiting: Promise<void> | undefined;

  constructor(options: RedisListOptions) {
    this.#options = options;
    this.#link = new RedisLink(options.address, { ...options, isWaiting: true });
  }

  watch(nudge: () => void): Disposable {
    this.#link.start();
    this.#watchers.add(nudge);
    this.#waiting ??= this.#wait();
    return { [Symbol.dispose]: () => void this.#watchers.delete(nudge) };
  }

  /** There was nothing left a moment ago. */
  arm(): void {
    this.#armed.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#armed.resolve();
    await this.#link[Symbol.asyncDispose]();
    await this.#waiting;
  }

  async #wait(): Promise<void> {
    const { key, pop } = this.#options;
    const end = pop === "left" ? "LEFT" : "RIGHT";
    const send = (redis: Redis) => redis.callBuffer("BLMOVE", key, key, end, end, WAIT_SECONDS);
    while (!this.#isOver) {
      await this.#armed.promise;
      if (this.#isOver) return;
      try {
        if (!(await this.#link.run(send, "wait for", WAIT_SECONDS * 1_000))) continue;
        this.#armed = Promise.withResolvers();
      } catch (error) {
        if (DingError.from(error).code.startsWith("network.")) continue; // it comes back
        this.#armed = Promise.withResolvers(); // those who wait hear why when they look
      }
      for (const each of this.#watchers) each();
    }
  }
}
