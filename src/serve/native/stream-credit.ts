/**
 * Flow control by credit: how many pieces of a stream its reader still takes. Whoever makes them waits for that, and
 * nobody else does.
 */
export class StreamCredit {
  #left: number;
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor(count: number) {
    this.#left = count;
  }

  /** Counts a piece that was sent; resolves when another one may be sent, or the stream has ended. */
  async take(): Promise<void> {
    this.#left -= 1;
    while (this.#left <= 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The reader takes so many more. */
  give(count: number): void {
    this.#left += count;
    this.#wakeUp();
  }

  /** Nobody reads any more. */
  end(): void {
    this.#isEnded = true;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
