import { setImmediate } from "node:timers";
import type { Clock } from "../core/clock.ts";
import { DingError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { parallelOf, serialOf, type ComposeOptions } from "./compose.ts";
import type { Context } from "./context.ts";
import { Lock } from "./lock.ts";
import { goForward, nameOf, VOID, type Middleware, type Step, type Wrapper } from "./middleware.ts";
import { Pipeline } from "./pipeline.ts";

/** What a program is made of. */
export interface ProgramOptions<C> {
  isAsync: boolean;
  workers: number;
  ctx: C;
  /** How long middlewares that do not end are waited for after a failure. */
  graceMs: number;
  clock: Clock;
  log: Logger;
  /** It has failed while no `run()` was there to tell. */
  onFailure: (error: unknown) => void;
}

/** Held while a middleware runs: the task's own lock, or one of the program's. */
export interface LockOptions {
  lock?: boolean | Lock | undefined;
}

/** More steps than anybody takes. */
const MOST_STEPS = 1e12;
/** Steps that wait for nothing let others have a turn so often. */
const BREATH_MS = 10;

/** The middlewares of one start of a task, and the loop that takes the context through them. */
export class Program<C extends Context> {
  ctx: C;
  readonly #options: ProgramOptions<C>;
  readonly #steps: Step<C>[] = [];
  readonly #wrappers: Wrapper<C>[] = [];
  readonly #lock = new Lock();
  readonly #pipeline: Pipeline<C>;
  readonly #halt = new AbortController();
  #finishing = new AbortController();
  #failure: { error: unknown } | undefined;
  #isFinished = false;
  #isRunning = false;
  #isStopped = false;
  /** The last `run()` made all its steps: the next one goes on from there. */
  #hasRunOut = false;
  #breathedAt = 0;

  constructor(options: ProgramOptions<C>) {
    this.#options = options;
    this.ctx = options.ctx;
    this.#pipeline = new Pipeline({
      ...options,
      signal: this.#halt.signal,
      onFail: (error) => this.fail(error),
    });
  }

  /** Aborts with its first error, and when it stops; whatever waits for something ends then. */
  get halted(): AbortSignal {
    return this.#halt.signal;
  }

  /** Aborts when `finish` is set. */
  get finishing(): AbortSignal {
    return this.#finishing.signal;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** How many middlewares wait for the way back. */
  get waiting(): number {
    return this.#pipeline.waiting;
  }

  get finish(): boolean {
    return this.#isFinished;
  }

  set finish(isFinished: boolean) {
    this.#isFinished = isFinished;
    this.#hasRunOut = false;
    if (isFinished) this.#finishing.abort(new DOMException("The task finishes", "AbortError"));
    else if (this.#finishing.signal.aborted) this.#finishing = new AbortController();
  }

  use(fn: Middleware<C>, options: LockOptions): void {
    if (fn === VOID) return;
    const step = this.#stepOf(fn, options);
    for (const wrapper of this.#wrappers) step.fn = wrapper(step.fn);
    this.#steps.push(step);
  }

  useWrapper(wrapper: Wrapper<C>): void {
    this.#wrappers.push(wrapper);
    for (const step of this.#steps) step.fn = wrapper(step.fn);
  }

  wrap(fn: Middleware<C>, options: LockOptions): (ctx: C) => Promise<() => Promise<void>> {
    const step = this.#stepOf(fn, options);
    return async (ctx) => {
      const suspended = await goForward(step, ctx, this.halted);
      if (!suspended) return () => Promise.resolve();
      this.#pipeline.push(suspended);
      return () => {
        this.#pipeline.remove(suspended);
        return suspended.resume();
      };
    };
  }

  serial(fns: readonly Middleware<C>[]): Middleware<C> {
    return serialOf(this.#stepsOf(fns), this.#composing);
  }

  parallel(fns: readonly Middleware<C>[]): Middleware<C> {
    return parallelOf(this.#stepsOf(fns), this.#options.workers, this.#composing);
  }

  renew(): void {
    this.ctx = this.ctx.renew();
  }

  forward(fn: Middleware<C>, ctx: C): Promise<void> {
    return this.#pipeline.forward(this.#stepOf(fn, {}), ctx);
  }

  backward(): Promise<void> {
    return this.#pipeline.backward();
  }

  sync(): Promise<void> {
    return this.#pipeline.sync();
  }

  async run(maxStep: number = MOST_STEPS, signal?: AbortSignal): Promise<void> {
    this.#checkRun(maxStep);
    if (this.#failure) throw this.#failure.error;
    if (this.#steps.length === 0) return;
    if (this.#hasRunOut) {
      this.finish = false;
      this.renew();
    }
    const onAbort = (): void => this.fail(signal?.reason);
    this.#isRunning = true;
    try {
      signal?.throwIfAborted();
      signal?.addEventListener("abort", onAbort, { once: true });
      await this.#loop(maxStep);
    } catch (error) {
      await this.#pipeline.abandon();
      if (this.#isStopped && !this.#failure) return; // somebody stopped the task: that is an end in good order
      this.fail(error);
      throw this.#failureOr(error);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#isRunning = false;
    }
  }

  /** An error that ends the program: a `run()` rejects with it, and whatever waits for an event. */
  fail(error: unknown): void {
    if (this.#failure || this.#isStopped) {
      const isSame = this.#failure?.error === error;
      if (!isSame) this.#options.log.debug("Another error followed", { error: messageOf(error) });
      return;
    }
    this.#failure = { error };
    this.#halt.abort(error);
    if (!this.#isRunning) this.#options.onFailure(error);
  }

  /** The first error is the one that counts: others may follow from it. */
  #failureOr(error: unknown): unknown {
    return this.#failure ? this.#failure.error : error;
  }

  /** Ends a `run()` that is under way, and what waits for events. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.finish = true;
    this.#halt.abort(new DingError("service.stopping", "Cannot go on: the task has stopped"));
  }

  async #loop(maxStep: number): Promise<void> {
    for (let step = 0; step < maxStep; step++) {
      for (const middleware of this.#steps) {
        await this.#pipeline.forward(middleware, this.ctx);
        this.#check();
      }
      await this.#pipeline.sync();
      await this.#pipeline.backward();
      this.#check();
      if (this.#isFinished) return;
      if (step === maxStep - 1) {
        this.finish = true;
        this.#hasRunOut = true;
        return;
      }
      this.renew();
      await this.#breathe();
    }
  }

  /** A handler may have failed beside the middlewares. */
  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async #breathe(): Promise<void> {
    const now = performance.now();
    if (now - this.#breathedAt < BREATH_MS) return;
    await new Promise<void>((resolve) => void setImmediate(resolve));
    this.#breathedAt = performance.now();
  }

  #stepOf(fn: Middleware<C>, { lock = false }: LockOptions): Step<C> {
    if (typeof fn !== "function") {
      throw new DingError("usage.invalid-input", "Cannot use middleware: it is no function", {
        hint: "Pass a function or a generator function of the context.",
      });
    }
    const held = lock === true ? this.#lock : lock === false ? undefined : lock;
    return { fn, name: nameOf(fn), lock: held };
  }

  #stepsOf(fns: readonly Middleware<C>[]): Step<C>[] {
    return fns.filter((fn) => fn !== VOID).map((fn) => this.#stepOf(fn, {}));
  }

  get #composing(): ComposeOptions {
    return {
      signal: () => this.halted,
      report: (middleware, error) => {
        const facts = { middleware, error: messageOf(error) };
        this.#options.log.error("A middleware that was given up failed", facts);
      },
    };
  }

  #checkRun(maxStep: number): void {
    if (this.#isRunning) {
      throw new DingError("state.invalid", "Cannot run task: it is running already");
    }
    if (maxStep >= 0 && (Number.isSafeInteger(maxStep) || maxStep === Infinity)) return;
    throw new DingError("usage.invalid-input", `Cannot run task for ${maxStep} steps`, {
      hint: "Pass a whole number of steps, or nothing to run until it is finished.",
    });
  }
}
