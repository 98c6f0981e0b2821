/** An AbortController made when its signal is asked for: most tasks never do, and it takes longer than a small one. */
export class LazyAbort {
  #controller: AbortController | undefined;
  #abort: { reason: unknown } | undefined;

  get isAborted(): boolean {
    return this.#abort !== undefined;
  }

  /** Why it was aborted. */
  get reason(): unknown {
    return this.#abort?.reason;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#abort) this.#controller.abort(this.#abort.reason);
    }
    return this.#controller.signal;
  }

  throwIfAborted(): void {
    if (this.#abort) throw this.#abort.reason;
  }

  abort(reason: unknown): void {
    this.#abort ??= { reason };
    this.#controller?.abort(reason);
  }
}
