import { DingError } from "../../core/errors.ts";
import { abortable, delay } from "../../core/wait.ts";

/** Told at most so often … */
const TELL_EVERY_MS = 100;
/** … and at least so often, so that the coordinator knows that the worker lives. */
const BEAT_MS = 3_000;
/** After `signal` has aborted: for the code to come back. */
const LAST_MS = 1_000;

/** What one try of a task is: the user's code, running, and how it is told to stop. */
export class WorkerAttempt {
  readonly taskId: string;
  readonly number: number;
  readonly #ending = new AbortController();
  readonly #draining = new AbortController();
  readonly #asked = new AbortController();
  readonly #code = Promise.withResolvers<void>();
  #isOver = false;
  #wake: (() => void) | undefined;
  #isChanged = true;

  constructor(taskId: string, number: number) {
    this.taskId = taskId;
    this.number = number;
    this.#code.promise.catch(() => {}); // whoever watches or ends it hears of it
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** Aborts when somebody asks for the end; draining also aborts when the code has done enough. */
  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Begins the code; whoever watches hears of its end. */
  run(code: () => unknown): void {
    void (async () => {
      try {
        await code();
        this.#code.resolve();
      } catch (thrown) {
        // Code that is told to stop, and throws that, has stopped.
        const isTold = this.#draining.signal.aborted && !this.#ending.signal.aborted;
        const reasons: unknown[] = [this.#draining.signal.reason, this.#asked.signal.reason];
        if (isTold && reasons.includes(thrown)) this.#code.resolve();
        else this.#code.reject(thrown);
      } finally {
        this.#isOver = true;
        this.changed();
      }
    })();
  }

  /** There is something to tell. */
  changed(): void {
    this.#isChanged = true;
    this.#wake?.();
  }

  /** Lasts as long as the code: tells when something has changed. Rejects with what the code threw, or the signal's reason. */
  async watch(signal: AbortSignal, tell: () => void): Promise<void> {
    const beat = setInterval(() => this.changed(), BEAT_MS);
    try {
      while (!this.#isOver) {
        if (!this.#isChanged) {
          const change = Promise.withResolvers<void>();
          this.#wake = change.resolve;
          await abortable(change.promise, signal);
        }
        this.#isChanged = false;
        if (this.#isOver) break;
        tell();
        await Promise.race([abortable(this.#code.promise, signal), delay(TELL_EVERY_MS, signal)]);
      }
      await abortable(this.#code.promise, signal);
    } finally {
      clearInterval(beat);
      this.#wake = undefined;
    }
  }

  /** The code has done what it should: it may stop. */
  enough(): void {
    this.#draining.abort(new DingError("task.cancelled", "The task has done what it should"));
  }

  /** Asks the code to stop, waits so long, then tells it to. True: it came back by itself. */
  async end(drainMs: number): Promise<boolean> {
    const reason = new DingError("task.cancelled", "The task is to end");
    this.#draining.abort(reason);
    this.#asked.abort(reason);
    const settled = this.#code.promise.catch(() => {});
    await bounded(settled, drainMs);
    if (this.#isOver) return true;
    this.abort(new DingError("task.cancelled", `The task did not end in ${drainMs} ms`));
    await bounded(settled, LAST_MS);
    return false;
  }

  /** The code must stop now: nobody wants what it does. */
  abort(reason: DingError): void {
    this.#draining.abort(reason);
    this.#ending.abort(reason);
    this.#code.reject(reason);
  }
}

/** Waits for it, so long at most, and leaves no timer behind. */
async function bounded(settled: Promise<void>, ms: number): Promise<void> {
  const over = new AbortController();
  const late = delay(ms, over.signal).catch(() => {});
  await Promise.race([settled, late]);
  over.abort();
}
