import { systemClock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import { silentLogger } from "../core/log.ts";
import { meetAll, meetingStep, type BarrierOptions } from "./barrier.ts";
import type { Handler } from "./channel.ts";
import { newSeed } from "./chance.ts";
import type { Context } from "./context.ts";
import { Ear } from "./ear.ts";
import { VOID, type Middleware, type Wrapper } from "./middleware.ts";
import type { LockOptions } from "./program.ts";
import { hasMatch, type Role } from "./roles.ts";
import { ALONE, type RequestOptions, type TaskRouter } from "./router.ts";
import type { StartOptions, TaskOptions } from "./start-options.ts";
import { endStart, newStart, type Ground, type Started } from "./started.ts";
import type { EmitOptions } from "./task-events.ts";
import type { WaitForOptions } from "./wait-for.ts";

const GRACE_MS = 5_000;

type Args = readonly unknown[];
type Compat = WaitForOptions & { compat: true };

/**
 * What `main(task)` gets: middlewares that pass a context on, and events, here and in all nodes of the mesh.
 *
 *   idle ── start() → started ── stop(), disposal → idle
 *             ↑_________│ again: everything new, the old start stops
 */
export class MainTask<C extends Context = Context> implements AsyncDisposable {
  readonly router: TaskRouter;
  readonly #options: Omit<Ground, "router" | "early">;
  readonly #ear: Ear<C>;
  #started: Started<C> | undefined;
  /** The last start, when there is none: what it came to can still be read. */
  #ended: Started<C> | undefined;
  #run: number;
  /** The last start has not been told to have ended. */
  #isUntold = false;
  #isClosed = false;

  constructor(options: TaskOptions = {}) {
    this.router = options.router ?? ALONE;
    const { clock = systemClock, log = silentLogger, graceMs = GRACE_MS, waitLimit } = options;
    const { onFailure = () => {}, onPeerCrash = "continue", seed = newSeed() } = options;
    this.#options = { clock, log, graceMs, waitLimit, onFailure, onPeerCrash, seed };
    this.#run = options.run ?? 0;
    this.#ear = new Ear(this.router, log);
  }

  /** Everything new: middlewares, listeners, roles, context. Dispose of it, or call `stop()`, at the end. */
  start<D extends Context = Context>(options: StartOptions<D> = {}): MainTask<D> {
    if (this.#isClosed) {
      throw new DingError("state.invalid", "Cannot start task: it is closed");
    }
    if (this.#started?.program.isRunning) {
      throw new DingError("state.invalid", "Cannot start task: it is running");
    }
    this.#discard();
    const task = this as unknown as MainTask<D>;
    const { router } = this;
    task.#started = newStart(options, { ...this.#options, router, early: this.#ear.early });
    task.#ended = undefined;
    task.#isUntold = true;
    task.#ear.begin(task.#started, this.#run);
    return task;
  }

  /** That of the step under way, or of the last one. */
  get ctx(): C {
    return (this.#ended ?? this.#now).program.ctx;
  }

  set ctx(ctx: C) {
    this.#now.program.ctx = ctx;
  }

  /** Set it to end: the step under way is completed. */
  get finish(): boolean {
    return (this.#ended ?? this.#started)?.program.finish ?? false;
  }

  set finish(isFinished: boolean) {
    this.#now.program.finish = isFinished;
  }

  /** Aborts when `finish` is set: for waits that should end then. */
  get finishing(): AbortSignal {
    return this.#now.program.finishing;
  }

  /** Aborts when the step has failed or the task stops: for work of middlewares that takes long. */
  get signal(): AbortSignal {
    return this.#now.program.halted;
  }

  get isRunning(): boolean {
    return this.#started?.program.isRunning ?? false;
  }

  /** How many runs of this node have ended in good order. */
  get runs(): number {
    return this.#run;
  }

  get labels(): ReadonlySet<string> {
    return this.#now.labels;
  }

  get roles(): ReadonlySet<Role> {
    return this.#now.roles;
  }

  /** What the numbers of `random()` come from: that of the start, else of the launch. */
  get seed(): number {
    return (this.#started ?? this.#ended)?.seed ?? this.#options.seed;
  }

  /** From 0 up to but without 1: the same numbers after each start with the same seed, others on each node. */
  random(): number {
    return this.#now.random.next();
  }

  addRole(role: Role): this {
    this.#now.roles.add(role);
    return this;
  }

  /** Also true when no role was added: a program in one process plays them all. */
  hasRole(role: Role): boolean {
    const { roles } = this.#now;
    return roles.size === 0 || roles.has(role);
  }

  /** Does one of the labels fit one of these patterns (`node.[0-3]`)? */
  matchLabels(patterns: string | Iterable<string>): boolean {
    return hasMatch(this.#now.labels, patterns);
  }

  use(fn: Middleware<C>, options: LockOptions = {}): this {
    this.#now.program.use(fn, options);
    return this;
  }

  /** Wraps every middleware, those that are used already and those that will be. */
  useWrapper(wrapper: Wrapper<C>): this {
    this.#now.program.useWrapper(wrapper);
    return this;
  }

  /** A middleware to be called from another: goes forward, and gives what takes it back; else it goes back with the step. */
  wrap(fn: Middleware<C>, options: LockOptions = {}): (ctx: C) => Promise<() => Promise<void>> {
    return this.#now.program.wrap(fn, options);
  }

  serial(...fns: Middleware<C>[]): Middleware<C> {
    return this.#now.program.serial(fns);
  }

  parallel(...fns: Middleware<C>[]): Middleware<C> {
    return this.#now.program.parallel(fns);
  }

  /** A middleware that does nothing, for where none is wanted. */
  void(): Middleware<C> {
    return VOID;
  }

  /** Steps, until `finish` or the last; rejects with the first error of a middleware or handler. */
  run(maxStep?: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#now.program.run(maxStep, signal);
  }

  renew(): this {
    this.#now.program.renew();
    return this;
  }

  /** One middleware forward, as `run` does it; in async mode it only begins. */
  forward(fn: Middleware<C>, ctx: C = this.ctx): Promise<void> {
    return this.#now.program.forward(fn, ctx);
  }

  /** The way back of all that went forward. */
  backward(): Promise<void> {
    return this.#now.program.backward();
  }

  /** Resolves when nothing is under way. */
  sync(): Promise<void> {
    return this.#now.program.sync();
  }

  /** How many middlewares wait for the way back. */
  get waiting(): number {
    return this.#now.program.waiting;
  }

  /** Resolves when it is handled here, or has its place in the queue, and is on its way to the others with room for more. */
  emit(event: string, args: Args = [], options: EmitOptions = {}): Promise<void> {
    return this.#now.events.emit(event, args, options);
  }

  /** Gives what ends the listening. With `concurrent` the next event does not wait until the handler is done. */
  on<A extends Args>(
    event: string,
    handler: (...args: A) => unknown,
    { concurrent }: { concurrent?: boolean } = {},
  ): () => void {
    return this.#now.events.on(event, handler as Handler, { concurrent });
  }

  once<A extends Args>(event: string, handler: (...args: A) => unknown): () => void {
    return this.#now.events.on(event, handler as Handler, { isOnce: true });
  }

  /** All handlers of the events that fit the pattern, or only this one. */
  off<A extends Args>(pattern: string, handler?: (...args: A) => unknown): void {
    this.#now.events.hub.off(pattern, handler as Handler | undefined);
  }

  /** The arguments of the next such event; rejects with `wait.timeout`, the signal's reason, or what ended the task. */
  waitFor<A extends Args = unknown[]>(event: string, options: Compat): Promise<A | undefined>;
  waitFor<A extends Args = unknown[]>(event: string, options?: WaitForOptions): Promise<A>;
  async waitFor(event: string, options: WaitForOptions = {}): Promise<unknown> {
    return this.#now.events.waitFor(event, options);
  }

  /**
   * What the first handler of `method` on that node gives back; rejects with what it throws, with `wait.timeout`, or when
   * the node is gone.
   */
  request<T = unknown>(
    node: number,
    method: string,
    ...[arg, options = {}]: [arg?: unknown, options?: RequestOptions]
  ): Promise<T> {
    return this.#now.events.request(node, { method, arg }, options) as Promise<T>;
  }

  /** Resolves when all nodes have come here as often as this one; rejects with `wait.timeout` and who is missing. */
  barrier(options: BarrierOptions = {}): Promise<void> {
    return meetAll(this, this.#options.clock, options);
  }

  /** A middleware: all nodes begin a step together, and end it together. */
  barrierStep(options: BarrierOptions = {}): Middleware<C> {
    return meetingStep(() => this.barrier(options));
  }

  /** How many handlers listen, to this event or to all. */
  listeners(event?: string): number {
    return this.#started?.events.hub.listeners(event) ?? 0;
  }

  /**
   * The end in good order: ends the start as disposal does, and tells the peers to finish, unless it has failed. Twice is
   * once.
   */
  async stop(): Promise<void> {
    if (this.#started?.program.hasFailed) this.#isUntold = false;
    await this[Symbol.asyncDispose]();
    if (!this.#isUntold) return;
    this.#isUntold = false;
    this.#run += 1;
    await this.router.finish(this.#run - 1);
  }

  /** Ends the start without a word to the peers: nobody knows here whether an error was the reason. */
  async [Symbol.asyncDispose](): Promise<void> {
    const started = this.#started;
    if (!started) return;
    await endStart(started, this.#options.graceMs);
    if (this.#started === started) this.#discard();
  }

  /** For good: it hears nothing more, and cannot be started again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#ear[Symbol.dispose]();
    await this[Symbol.asyncDispose]();
  }

  get #now(): Started<C> {
    if (this.#started) return this.#started;
    throw new DingError("state.invalid", "Cannot use task: it is not started", {
      hint: "Call task.start() first; it gives the task back.",
    });
  }

  #discard(): void {
    const started = this.#started;
    if (!started) return;
    this.#started = undefined;
    this.#ended = started;
    started.program.stop();
    started.events.hub.clear();
    this.#ear.end();
  }
}
