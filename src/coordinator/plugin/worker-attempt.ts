import { DingError } from "../../core/errors.ts";
import { abortable, delay } from "../../core/wait.ts";

/** Told at most so often … */
const TELL_EVERY_MS = 100;
/** … and while the code is at work at least so often, so that the coordinator knows it. */
const BEAT_MS = 3_000;
const BEATS_IN_LEASE = 4;
/** After `signal` has aborted: for the code to come back. */
const LAST_MS = 1_000;

/** What one try of a task is: the user's code, running, and how it is told to stop. */
export class WorkerAttempt {
  readonly taskId: string;
  readonly number: number;
  readonly #beatMs: number;
  readonly #ending = new AbortController();
  readonly #draining = new AbortController();
  readonly #asked = new AbortController();
  readonly #code = Promise.withResolvers<void>();
  #isOver = false;
  /** Undefined once the code has begun, or will not begin any more. */
  #begin: (() => void) | undefined;
  #wake: (() => void) | undefined;
  #isChanged = true;
  /** Calls of the code that are not answered yet. */
  #calls = 0;
  #hasDone = true;

  /** `leaseMs` is how long the code may be silent. */
  constructor(taskId: string, number: number, leaseMs = Infinity) {
    this.taskId = taskId;
    this.number = number;
    this.#beatMs = Math.min(BEAT_MS, leaseMs / BEATS_IN_LEASE);
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

  /** What to do, as soon as somebody watches: what a worker does that stops before would be counted by nobody. */
  run(code: () => unknown): void {
    this.#begin = () => this.#run(code);
  }

  #run(code: () => unknown): void {
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

  /** There is something to tell: the code is at work. */
  changed(): void {
    this.#hasDone = true;
    this.#isChanged = true;
    this.#wake?.();
  }

  /** The same thing, whose methods are known to be called: code that waits for one of them is at work. */
  attended<T extends object>(service: T): T {
    return new Proxy(service, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => this.#during(value.apply(target, args));
      },
    });
  }

  /**
   * Lasts as long as the code, also where that is told to stop and does not: then its process has to end. Tells when
   * something has changed. Rejects with what the code threw, or why it was told to stop.
   */
  async watch(signal: AbortSignal, tell: () => void): Promise<void> {
    const beat = setInterval(() => {
      if (this.#calls > 0 || this.#hasDone) this.changed();
      this.#hasDone = false;
    }, this.#beatMs);
    const until = AbortSignal.any([signal, this.#ending.signal]);
    const begin = this.#begin;
    this.#begin = undefined;
    begin?.();
    try {
      await this.#tell(until, tell);
    } catch (thrown) {
      if (!until.aborted) throw thrown;
      clearInterval(beat);
      this.abort(DingError.from(until.reason));
      await this.#settled;
      throw thrown;
    } finally {
      clearInterval(beat);
      this.#wake = undefined;
    }
  }

  /** Resolves when the code has come back, in whatever way. */
  get #settled(): Promise<void> {
    return this.#code.promise.catch(() => {});
  }

  async #tell(until: AbortSignal, tell: () => void): Promise<void> {
    while (!this.#isOver) {
      if (!this.#isChanged) {
        const change = Promise.withResolvers<void>();
        this.#wake = change.resolve;
        await abortable(change.promise, until);
      }
      this.#isChanged = false;
      if (this.#isOver) break;
      tell();
      await Promise.race([abortable(this.#code.promise, until), delay(TELL_EVERY_MS, until)]);
    }
    await abortable(this.#code.promise, until);
  }

  #during<T>(result: T): T {
    this.#hasDone = true;
    if (!(result instanceof Promise)) return result;
    this.#calls += 1;
    const done = (): void => {
      this.#calls -= 1;
      this.#hasDone = true;
    };
    result.then(done, done);
    return result;
  }

  /** The code has done what it should: it may stop. */
  enough(): void {
    this.#draining.abort(new DingError("task.cancelled", "The task has done what it should"));
  }

  /** Asks the code to stop, waits so long, then tells it to. True: it came back by itself. */
  async end(drainMs: number): Promise<boolean> {
    const reason = new DingError("task.cancelled", "The task is to end");
    this.#skip();
    this.#draining.abort(reason);
    this.#asked.abort(reason);
    await bounded(this.#settled, drainMs);
    if (this.#isOver) return true;
    this.abort(new DingError("task.cancelled", `The task did not end in ${drainMs} ms`));
    await bounded(this.#settled, LAST_MS);
    return false;
  }

  /** As `end(0)`, and lasts until the code has come back, however long. */
  async displace(): Promise<void> {
    await this.end(0);
    await this.#settled;
  }

  /** Code that has not begun does not begin any more. */
  #skip(): void {
    if (!this.#begin) return;
    this.#begin = undefined;
    this.#isOver = true;
    this.#code.resolve();
  }

  /** The code must stop now: nobody wants what it does. */
  abort(reason: DingError): void {
    this.#skip();
    this.#draining.abort(reason);
    this.#ending.abort(reason);
  }
}

/** Waits for it, so long at most, and leaves no timer behind. */
async function bounded(settled: Promise<void>, ms: number): Promise<void> {
  const over = new AbortController();
  const late = delay(ms, over.signal).catch(() => {});
  await Promise.race([settled, late]);
  over.abort();
}
