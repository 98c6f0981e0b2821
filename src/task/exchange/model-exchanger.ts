import { randomUUID } from "node:crypto";
import { DingError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import type { Middleware } from "../middleware.ts";
import { ROLE } from "../roles.ts";
import type { MainTask } from "../task.ts";
import { Arrivals, checkNumbers, isOfOneGone, type Settled } from "./arrivals.ts";

/** What has weights that are to be the same everywhere. */
export interface ExchangedModel {
  /** All of them, as values that can travel: typed arrays, tensors, plain objects. Called when no code of yours runs. */
  stateDict: () => unknown;
  /** May give a promise. */
  loadStateDict: (state: unknown) => unknown;
}

/** How weights are exchanged. */
export interface ModelExchangerOptions {
  /** "send" for a learner (the default with that role), "receive" for other roles; a task without a role does neither. */
  mode?: "send" | "receive" | undefined;
  /** A sender publishes what it begins with, and then after each so many steps; default 1. */
  period?: number | undefined;
  /**
   * A receiver works with weights that are at most so many versions behind the sender's, and waits for newer ones
   * otherwise; default any number.
   */
  maxLag?: number | undefined;
  /** So many steps a receiver may take with the weights it was made with; default 1. */
  skipSteps?: number | undefined;
  /**
   * How long a receiver waits; default 60,000. Then it goes on without the first weights; with `maxLag` it fails with
   * `wait.timeout`.
   */
  waitMs?: number | undefined;
  /** The event; default "model_exchanger". Several models in one program need several. */
  event?: string | undefined;
}

/** One version of the weights, as it travels. */
interface Weights {
  /** The sender. */
  from: number;
  /** Names one run of the sender, whose versions count from 1. */
  run: string;
  version: number;
  state: unknown;
}

/**
 * Weights from one node to others, in versions: each step of the sender makes one. Receivers take the newest before a
 * step; those in between are never loaded. Who joins late gets the newest. With `maxLag` a receiver that is too far
 * behind asks the sender for its weights of just now.
 */
export class ModelExchanger<C extends Context = Context> {
  readonly #task: MainTask<C>;
  readonly #model: ExchangedModel;
  readonly #options: Settled<ModelExchangerOptions>;
  /** Alone, or without a role, there is nothing to exchange. */
  readonly #isOff: boolean;
  readonly #run = randomUUID();
  readonly #arrivals = new Arrivals();
  /** On their way to the others: those that a sender begins with. */
  readonly #first: Promise<void> = Promise.resolve();
  #version = 0;
  #loaded: Weights | undefined;
  #newest: Weights | undefined;
  #steps = 0;

  /** The task must have been started, with its roles. */
  constructor(task: MainTask<C>, model: ExchangedModel, options: ModelExchangerOptions = {}) {
    const isLearner = task.roles.size > 0 && task.hasRole(ROLE.LEARNER);
    this.#task = task;
    this.#model = model;
    this.#options = {
      mode: options.mode ?? (isLearner ? "send" : "receive"),
      period: options.period ?? 1,
      maxLag: options.maxLag ?? Infinity,
      skipSteps: options.skipSteps ?? 1,
      waitMs: options.waitMs ?? 60_000,
      event: options.event ?? "model_exchanger",
    };
    const { mode: _mode, event: _event, ...numbers } = this.#options;
    checkNumbers(numbers, { period: 1 });
    this.#isOff = !task.router.isActive || (task.roles.size === 0 && options.mode === undefined);
    if (this.#isOff) return;
    const { event, mode } = this.#options;
    if (mode === "send") {
      task.on(this.#pullEvent, () => this.#weights());
      this.#first = this.#publish();
      this.#first.catch(() => {}); // the first step rejects with it
    } else task.on(event, (weights: Weights) => this.#come(weights));
  }

  /** To be used where a receiver's step is to see new weights, and a sender's are trained behind it. */
  get middleware(): Middleware<C> {
    if (this.#isOff) return this.#task.void();
    if (this.#options.mode === "receive") return () => this.#receive();
    const [first, send] = [this.#first, () => this.#send()];
    return async function* sendWeights() {
      await first;
      yield;
      await send();
    };
  }

  /** That of the weights this node has: its own, or those it has loaded; 0 before the first. */
  get version(): number {
    return this.#options.mode === "send" ? this.#version : (this.#loaded?.version ?? 0);
  }

  /** How many versions the sender is ahead, as far as is known here. */
  get lag(): number {
    if (this.#options.mode === "send" || !this.#newest) return 0;
    const { from, version } = this.#newest;
    const told = this.#task.router.notes.of(this.#options.event).get(from) ?? 0;
    // A sender that has begun anew counts from the start.
    return Math.max(0, Math.max(told, version) - this.version);
  }

  async #send(): Promise<void> {
    const { event, period } = this.#options;
    this.#version += 1;
    this.#task.router.notes.set(event, this.#version);
    if (this.#version % period === 0) await this.#publish();
  }

  #publish(): Promise<void> {
    const { event } = this.#options;
    return this.#task.emit(event, [this.#weights()], { onlyRemote: true, retain: true });
  }

  async #receive(): Promise<void> {
    const { skipSteps, waitMs, maxLag } = this.#options;
    this.#steps += 1;
    if (!this.#newest && this.#steps > skipSteps) {
      const end = await this.#arrivals.until(this.#task, () => this.#newest !== undefined, waitMs);
      if (end === "late" && maxLag < Infinity) throw this.#late("none has come");
    }
    await this.#loadNewest();
    if (this.lag > maxLag) await this.#catchUp();
  }

  /** The sender may wait for what this node does: so it is asked, and need not be at its next step. */
  async #catchUp(): Promise<void> {
    const { waitMs, maxLag } = this.#options;
    const startedMs = performance.now();
    while (this.lag > maxLag && this.#newest && !this.#task.finishing.aborted) {
      const timeoutMs = waitMs - (performance.now() - startedMs);
      if (timeoutMs <= 0) throw this.#late(`these are ${this.lag} versions behind`);
      await this.#pull(this.#newest, timeoutMs);
      await this.#loadNewest();
    }
  }

  /** A sender that is gone may come back, or another one: its weights are waited for then. */
  async #pull(newest: Weights, timeoutMs: number): Promise<void> {
    const { finishing, signal } = this.#task;
    try {
      const options = { timeoutMs, signal: AbortSignal.any([finishing, signal]) };
      const pulled = this.#task.request<Weights>(newest.from, this.#pullEvent, undefined, options);
      this.#come(await pulled);
    } catch (error) {
      signal.throwIfAborted();
      if (finishing.aborted) return;
      if (!isOfOneGone(error)) throw error;
      await this.#arrivals.until(this.#task, () => this.#newest !== newest, timeoutMs);
    }
  }

  async #loadNewest(): Promise<void> {
    const newest = this.#newest;
    if (!newest || newest === this.#loaded) return;
    await this.#model.loadStateDict(newest.state);
    this.#loaded = newest;
  }

  /** A sender that has begun anew goes before what was: its words come in order. */
  #come(weights: Weights): void {
    const newest = this.#newest;
    if (newest?.run === weights.run && newest.version >= weights.version) return;
    this.#newest = weights;
    this.#arrivals.wake();
  }

  #weights(): Weights {
    const { nodeId } = this.#task.router;
    return {
      from: nodeId,
      run: this.#run,
      version: this.#version,
      state: this.#model.stateDict(),
    };
  }

  get #pullEvent(): string {
    return `${this.#options.event}_pull`;
  }

  #late(why: string): DingError {
    const { waitMs, event } = this.#options;
    const text = `Cannot wait longer for weights of "${event}": ${why} in ${waitMs} ms`;
    return new DingError("wait.timeout", text, {
      hint: "Look whether the learner runs; raise waitMs or maxLag.",
    });
  }
}

/** `new ModelExchanger(…).middleware`, for who needs no more of it. */
export function modelExchanger<C extends Context>(
  task: MainTask<C>,
  model: ExchangedModel,
  options: ModelExchangerOptions = {},
): Middleware<C> {
  return new ModelExchanger(task, model, options).middleware;
}
