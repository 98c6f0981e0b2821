import { close, fdatasync, openSync } from "node:fs";

/**
 * Brings what was written to a file onto the disk, beside the event loop. Who asks while it is at work shares the
 * next turn: what was written a moment ago may have come too late for this one.
 */
export class FileSync implements AsyncDisposable {
  readonly #file: number;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** Throws what the system says if the file is not there. */
  constructor(path: string) {
    this.#file = openSync(path, "r+");
  }

  /** Resolves when all that is written now would be there after a power failure. */
  done(): Promise<void> {
    if (!this.#running) return this.#begin();
    const again = (): Promise<void> => {
      this.#next = undefined;
      return this.#begin();
    };
    this.#next ??= this.#running.then(again, again);
    return this.#next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#running) await Promise.allSettled([this.#running, this.#next]);
    await new Promise<void>((resolve) => close(this.#file, () => resolve()));
  }

  #begin(): Promise<void> {
    const running = new Promise<void>((resolve, reject) => {
      fdatasync(this.#file, (error) => {
        this.#running = undefined;
        if (error) reject(error);
        else resolve();
      });
    });
    this.#running = running;
    return running;
  }
}
