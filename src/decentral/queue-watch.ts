import type { Queue } from "../broker/queue.ts";
import { messageOf } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type { QueueFacts } from "./status.ts";

const EVERY_MS = 1_000;

/** Asks the queue how it is, once a second, and never twice at a time. Disposing ends that. */
export class QueueWatch implements Disposable {
  readonly #queue: Queue;
  readonly #clock: Clock;
  #facts: QueueFacts;
  #timer: Disposable | undefined;
  #isOver = false;

  constructor(queue: Queue, clock: Clock) {
    this.#queue = queue;
    this.#clock = clock;
    this.#facts = { url: queue.url, stats: null, error: null };
    void this.#look();
  }

  /** As of the last look. */
  get facts(): QueueFacts {
    return this.#facts;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
  }

  async #look(): Promise<void> {
    const { url } = this.#queue;
    try {
      this.#facts = { url, stats: await this.#queue.stats(), error: null };
    } catch (thrown) {
      this.#facts = { url, stats: this.#facts.stats, error: messageOf(thrown) };
    }
    if (!this.#isOver) this.#timer = this.#clock.after(EVERY_MS, () => void this.#look());
  }
}
