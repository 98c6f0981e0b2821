import type { Clock } from "../../core/clock.ts";

const QUICK_MS = 1;
const SLOW_MS = 50;
const SLOWER = 1.3;

/**
 * Looks whether other processes have written to the file, and calls `onChange` if so: often when they have just done
 * so, 20 times a second when nothing happens, which costs next to nothing. Ended by its disposal.
 */
export class FileWatch implements Disposable {
  readonly #version: () => number;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #seen: number;
  #pauseMs = QUICK_MS;
  #timer: Disposable;

  constructor(version: () => number, clock: Clock, onChange: () => void) {
    this.#version = version;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#seen = version();
    this.#timer = this.#later();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #later(): Disposable {
    return this.#clock.after(this.#pauseMs, () => this.#look());
  }

  /** A file that cannot be read is a change: whoever looks for jobs then hears why. */
  #read(): number {
    try {
      return this.#version();
    } catch {
      return -1;
    }
  }

  #look(): void {
    const version = this.#read();
    const isChanged = version !== this.#seen;
    this.#seen = version;
    this.#pauseMs = isChanged ? QUICK_MS : Math.min(this.#pauseMs * SLOWER, SLOW_MS);
    this.#timer = this.#later();
    if (isChanged) this.#onChange();
  }
}
