import { Client } from "./client.ts";
import { checkNumber, type ClientOptions } from "./options.ts";

/** What a concurrent client is made of. */
export interface ConcurrentClientOptions extends Omit<ClientOptions, "window"> {
  /** Most requests that are at the servers at a time; default 10. */
  maxConcurrency?: number;
}

const MAX_CONCURRENCY = 10;

/**
 * A client for many callers at once: so many requests as it is told are under
 * way at a time, the others wait for their turn in order, none is turned away.
 */
export class ConcurrentClient extends Client {
  readonly maxConcurrency: number;

  constructor({ maxConcurrency = MAX_CONCURRENCY, ...options }: ConcurrentClientOptions = {}) {
    checkNumber(maxConcurrency, "maxConcurrency", { from: 1, to: 1_000_000 });
    super({ ...options, window: maxConcurrency });
    this.maxConcurrency = maxConcurrency;
  }
}
