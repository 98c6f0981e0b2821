import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { BackwardStack } from "./backward-stack.ts";
import { Crew } from "./crew.ts";
import { goForward, type Step, type Suspended } from "./middleware.ts";

/** What a pipeline stands on. */
export interface PipelineOptions {
  isAsync: boolean;
  workers: number;
  /** How long jobs that do not end are waited for after a failure. */
  graceMs: number;
  /** Aborts at the first failure, and when the task stops. */
  signal: AbortSignal;
  /** The first failure of a job, at once: others may wait for what will not come any more. */
  onFail: (error: unknown) => void;
  clock: Clock;
  log: Logger;
}

interface Job {
  name: string;
  /** By which the way back is taken. */
  order: number;
}

/** Takes a context forward through middlewares and back, in turn or, in async mode, side by side. */
export class Pipeline<C> {
  readonly #options: PipelineOptions;
  readonly #crew: Crew;
  readonly #stack = new BackwardStack();
  readonly #underWay = new Set<Job>();
  #done: { order: number; suspended: Suspended }[] = [];
  #jobs = 0;
  #failure: { error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#crew = new Crew(options.isAsync ? options.workers : Number.POSITIVE_INFINITY);
  }

  /** How many middlewares wait for the way back. */
  get waiting(): number {
    return this.#stack.size;
  }

  /** Takes part in the way back. */
  push(suspended: Suspended): void {
    this.#stack.push(suspended);
  }

  remove(suspended: Suspended): void {
    this.#stack.remove(suspended);
  }

  /** In async mode it only begins; otherwise resolves when the middleware stands at its yield or is done. */
  async forward(step: Step<C>, ctx: C): Promise<void> {
    const { isAsync, signal } = this.#options;
    this.#begin(step.name, async (job) => {
      signal.throwIfAborted(); // it waited for its turn, and the step has failed meanwhile
      const suspended = await goForward(step, ctx, signal);
      if (!suspended) return;
      if (isAsync) this.#done.push({ order: job.order, suspended });
      else this.#stack.push(suspended);
    });
    if (!isAsync) await this.sync();
  }

  /** Resolves when nothing is under way; rejects with the first failure, after all others have ended too. */
  async sync(): Promise<void> {
    if (this.#underWay.size > 0) await this.#idle();
    // By use, not by who was first: the way back is the same each time.
    for (const { suspended } of this.#done.toSorted((a, b) => a.order - b.order)) {
      this.#stack.push(suspended);
    }
    this.#done = [];
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }

  /** Goes back through all that wait. */
  async backward(): Promise<void> {
    if (this.#stack.size === 0) return;
    this.#begin("the way back", () => this.#stack.unwind());
    await this.sync();
  }

  /** Gives up what waits for the way back. */
  async abandon(): Promise<void> {
    this.#done = [];
    await this.#stack.abandon((name, error) => {
      this.#options.log.error("A middleware that was given up failed", {
        middleware: name,
        error: messageOf(error),
      });
    });
  }

  #begin(name: string, run: (job: Job) => Promise<void>): void {
    const job: Job = { name, order: this.#jobs++ };
    this.#underWay.add(job);
    void this.#crew
      .run(() => run(job))
      .catch((error: unknown) => this.#onFailed(error))
      .finally(() => this.#onEnded(job));
  }

  #onFailed(error: unknown): void {
    if (this.#failure) {
      const facts = { error: messageOf(error) };
      return this.#options.log.debug("Another middleware of a failed step failed", facts);
    }
    this.#failure = { error };
    this.#options.onFail(error);
  }

  #onEnded(job: Job): void {
    this.#underWay.delete(job);
    if (this.#underWay.size === 0) this.#wake?.();
  }

  /** Until all have ended or, once the signal has aborted, the grace is over. */
  async #idle(): Promise<void> {
    const { signal, clock, graceMs, log } = this.#options;
    let timer: Disposable | undefined;
    const idle = Promise.withResolvers<void>();
    const onAbort = (): void => {
      timer = clock.after(graceMs, () => {
        const middlewares = [...this.#underWay].map((job) => job.name);
        log.warn("Middlewares do not end after a failure; they are left alone", { middlewares });
        this.#underWay.clear();
        this.#failure ??= { error: signal.reason };
        idle.resolve();
      });
    };
    this.#wake = idle.resolve;
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    try {
      await idle.promise;
    } finally {
      this.#wake = undefined;
      signal.removeEventListener("abort", onAbort);
      timer?.[Symbol.dispose]();
    }
  }
}
