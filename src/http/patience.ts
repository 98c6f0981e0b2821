import { DingError } from "../core/errors.ts";

/** How exact the limits are: many waits share one timer. */
const TICK_MS = 100;

interface Wait {
  readonly atMs: number;
  readonly limitMs: number;
  readonly reject: (error: DingError) => void;
}

/** Bounds many waits at the price of one timer, which is there only while somebody waits for long. */
export class Patience {
  readonly #what: string;
  readonly #waits = new Set<Wait>();
  #timer: NodeJS.Timeout | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  /** The promise, or a DingError `wait.timeout` once about `limitMs` have passed; the promise itself goes on. */
  within<T>(promise: Promise<T>, limitMs: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const wait: Wait = { atMs: performance.now() + limitMs, limitMs, reject };
      this.#waits.add(wait);
      this.#timer ??= setInterval(() => this.#look(), TICK_MS);
      promise.then(
        (value) => {
          this.#waits.delete(wait);
          resolve(value);
        },
        (thrown: unknown) => {
          this.#waits.delete(wait);
          reject(thrown as Error);
        },
      );
    });
  }

  #look(): void {
    if (this.#waits.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    for (const wait of this.#waits) {
      if (wait.atMs > now) continue;
      this.#waits.delete(wait);
      const message = `Cannot wait longer for ${this.#what}: ${wait.limitMs} ms passed`;
      wait.reject(new DingError("wait.timeout", message));
    }
  }
}
