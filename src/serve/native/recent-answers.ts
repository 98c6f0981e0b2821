import type { Clock } from "../../core/clock.ts";
import { Fifo } from "../../core/fifo.ts";

/** How much is remembered, and for how long. */
export interface RecentAnswersOptions {
  clock: Clock;
  keepMs: number;
  maxEntries: number;
  maxBytes: number;
}

interface Entry<T> {
  readonly key: string;
  /** Undefined when it is forgotten; its place in the order is given up later. */
  value: T | undefined;
  bytes: number;
  until: number;
}

/** What was answered of late, by the request's name; the oldest is forgotten first. Pure: it is told the time by its clock. */
export class RecentAnswers<T> {
  readonly #options: RecentAnswersOptions;
  readonly #entries = new Map<string, Entry<T>>();
  /** The oldest first; a Map is slow to tell its first entry when many before it were deleted. */
  readonly #order = new Fifo<Entry<T>>();
  #bytes = 0;

  constructor(options: RecentAnswersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry || entry.until > this.#options.clock.now()) return entry?.value;
    this.#forget(entry);
    return undefined;
  }

  /** Remembers it, unless it alone is more than all that is remembered. */
  put(key: string, value: T, bytes: number): void {
    const { clock, keepMs, maxBytes } = this.#options;
    const known = this.#entries.get(key);
    if (known) this.#forget(known);
    if (bytes > maxBytes) return;
    const now = clock.now();
    const entry: Entry<T> = { key, value, bytes, until: now + keepMs };
    this.#entries.set(key, entry);
    this.#order.push(entry);
    this.#bytes += bytes;
    this.#forgetOld(now);
  }

  #forgetOld(now: number): void {
    const { maxEntries, maxBytes } = this.#options;
    for (let oldest = this.#order.peek(); oldest; oldest = this.#order.peek()) {
      const isOver = this.#order.size > maxEntries || this.#bytes > maxBytes;
      if (!isOver && oldest.until > now) break;
      this.#forget(oldest);
      this.#order.take();
    }
  }

  #forget(entry: Entry<T>): void {
    if (this.#entries.get(entry.key) !== entry) return;
    this.#entries.delete(entry.key);
    this.#bytes -= entry.bytes;
    entry.value = undefined;
  }
}
