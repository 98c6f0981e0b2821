import { abortable } from "../../core/wait.ts";

/** Counts what is under way, for those who wait until nothing is. */
export class UnderWay {
  #count = 0;
  #none: PromiseWithResolvers<void> | undefined;

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count += 1;
  }

  /** Said once for each `begin()`. */
  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    this.#none?.resolve();
    this.#none = undefined;
  }

  /** Resolves when nothing is under way, or the deadline has come; any number may wait. */
  async none(deadline?: AbortSignal): Promise<void> {
    while (this.#count > 0 && !deadline?.aborted) {
      this.#none ??= Promise.withResolvers();
      await abortable(this.#none.promise, deadline).catch(() => {});
    }
  }
}
