interface Known {
  id: string;
  untilMs: number;
}

/** Remembers for a while which job a key stands for. */
export class KeyWindow {
  readonly #windowMs: number;
  /** In the order of their ends, as all last equally long. */
  readonly #known = new Map<string, Known>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The id of the job that this key stands for now. */
  get(key: string | undefined, nowMs: number): string | undefined {
    this.#forget(nowMs);
    return key === undefined ? undefined : this.#known.get(key)?.id;
  }

  set(key: string, id: string, nowMs: number): void {
    this.#known.delete(key); // to the end of the order
    this.#known.set(key, { id, untilMs: nowMs + this.#windowMs });
  }

  clear(): void {
    this.#known.clear();
  }

  #forget(nowMs: number): void {
    for (const [key, { untilMs }] of this.#known) {
      if (untilMs > nowMs) return;
      this.#known.delete(key);
    }
  }
}
