import { DingError } from "../../core/errors.ts";
import type { Child, LocalFactory } from "./child-spec.ts";
import { childFailure, Supervised } from "./supervised.ts";

/** A child in this process: what it is given and gives is not copied, and nothing ends it when it is busy. */
export class LocalChild implements Child {
  readonly #factory: LocalFactory;
  readonly #gone = Promise.withResolvers<Error>();
  #supervised: Supervised | undefined;
  /** Those who wait for an answer. */
  readonly #asking = new Set<(error: Error) => void>();
  #isGone = false;

  constructor(factory: LocalFactory) {
    this.#factory = factory;
  }

  get gone(): Promise<Error> {
    return this.#gone.promise;
  }

  get isReachable(): boolean {
    return !this.#isGone;
  }

  async start(): Promise<void> {
    this.#supervised = await Supervised.make(this.#factory, [], "this function");
  }

  call(method: string, args: readonly unknown[]): Promise<unknown> {
    return this.#asked((supervised) => supervised.call(method, args));
  }

  attribute(name: string): Promise<unknown> {
    return this.#asked(async (supervised) => supervised.attribute(name));
  }

  kill(): void {
    this.#isGone = true;
    const error = new DingError("worker.exited", "The child was ended");
    for (const reject of this.#asking) reject(error);
    this.#gone.resolve(error);
  }

  stop(): void {
    const ended = this.#supervised?.end() ?? Promise.resolve();
    void ended.catch(() => {}).then(() => this.kill());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
  }

  /** What it is doing goes on when it is ended; nobody hears of it. */
  async #asked(ask: (supervised: Supervised) => Promise<unknown>): Promise<unknown> {
    const supervised = this.#supervised;
    if (!supervised || this.#isGone) throw new DingError("worker.exited", "The child was ended");
    const { promise, reject } = Promise.withResolvers<never>();
    this.#asking.add(reject);
    try {
      return await Promise.race([ask(supervised), promise]);
    } catch (thrown) {
      throw DingError.fromRecord(childFailure(thrown));
    } finally {
      this.#asking.delete(reject);
    }
  }
}
