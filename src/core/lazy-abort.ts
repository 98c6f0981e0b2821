/** What of an AbortSignal tells that nobody waits any more. */
export interface AbortNotice {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * An AbortController made when its signal is asked for: most tasks never do, and it takes longer than a small one. Who
 * only wants to hear of the abort can listen here, for much less.
 */
export class LazyAbort implements AbortNotice {
  #controller: AbortController | undefined;
  #abort: { reason: unknown } | undefined;
  #listeners: Set<() => void> | undefined;

  get aborted(): boolean {
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

  /** Called once, unless it is aborted already; must not throw. */
  addEventListener(_type: "abort", listener: () => void): void {
    if (!this.#abort) (this.#listeners ??= new Set()).add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners?.delete(listener);
  }

  abort(reason: unknown): void {
    if (this.#abort) return;
    this.#abort = { reason };
    this.#controller?.abort(reason);
    for (const listener of this.#listeners ?? []) listener();
    this.#listeners = undefined;
  }
}
