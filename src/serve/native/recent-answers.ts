import type { Clock } from "../../core/clock.ts";

/** How much is remembered, and for how long. */
export interface RecentAnswersOptions {
  clock: Clock;
  keepMs: number;
  maxEntries: number;
  maxBytes: number;
}

interface Entry<T> {
  value: T;
  bytes: number;
  until: number;
}

/** What was answered of late, by the request's name; the oldest is forgotten first. Pure: it is told the time by its clock. */
export class RecentAnswers<T> {
  readonly #options: RecentAnswersOptions;
  readonly #entries = new Map<string, Entry<T>>();
  #bytes = 0;

  constructor(options: RecentAnswersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    this.#forgetOld();
    return this.#entries.get(key)?.value;
  }

  /** Remembers it, unless it alone is more than all that is remembered. */
  put(key: string, value: T, bytes: number): void {
    const { clock, keepMs, maxBytes } = this.#options;
    this.#forget(key);
    if (bytes > maxBytes) return;
    this.#entries.set(key, { value, bytes, until: clock.now() + keepMs });
    this.#bytes += bytes;
    this.#forgetOld();
  }

  #forgetOld(): void {
    const { clock, maxEntries, maxBytes } = this.#options;
    const now = clock.now();
    for (const [key, { until }] of this.#entries) {
      const isOver = this.#entries.size > maxEntries || this.#bytes > maxBytes;
      if (!isOver && until > now) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
