import { DingError } from "../core/errors.ts";
import type { Lock } from "./lock.ts";

/**
 * One part of a step: a function of the context, also async, or a generator, also async, that yields once: what stands
 * before the yield runs on the way forward, what stands behind it on the way back.
 */
export type Middleware<C> = (ctx: C) => unknown;

/** Makes another middleware out of each. */
export type Wrapper<C> = (fn: Middleware<C>) => Middleware<C>;

/** A middleware as a pipeline has it. */
export interface Step<C> {
  fn: Middleware<C>;
  /** For errors and logs. */
  name: string;
  /** Held while it runs, forward and backward, not in between. */
  lock: Lock | undefined;
}

/** Does nothing, and is not even used. */
export const VOID: Middleware<unknown> = function noop() {};

type AnyGenerator = Generator | AsyncGenerator;

/** Runs it as far as its yield; gives what is left of it, or undefined when it is done. */
export async function goForward<C>(
  { fn, name, lock }: Step<C>,
  ctx: C,
  signal: AbortSignal,
): Promise<Suspended | undefined> {
  using _held = lock && (await lock.acquire(signal));
  const made = await fn(ctx);
  if (!isGenerator(made)) return undefined;
  const { done } = await made.next();
  return done ? undefined : new Suspended(made, { name, lock, signal });
}

/** A middleware that stands at its yield. */
export class Suspended {
  readonly name: string;
  readonly #generator: AnyGenerator;
  readonly #lock: Lock | undefined;
  readonly #signal: AbortSignal;
  #resumed: Promise<void> | undefined;

  constructor(
    generator: AnyGenerator,
    { name, lock, signal }: { name: string; lock: Lock | undefined; signal: AbortSignal },
  ) {
    this.#generator = generator;
    this.name = name;
    this.#lock = lock;
    this.#signal = signal;
  }

  /** Runs the rest, once; rejects with `plugin.invalid` when it yields again. */
  resume(): Promise<void> {
    this.#resumed ??= this.#resume();
    return this.#resumed;
  }

  /** The rest is not wanted: only its `finally` runs. */
  async abandon(): Promise<void> {
    if (this.#resumed) return;
    this.#resumed = Promise.resolve();
    await this.#generator.return(undefined);
  }

  async #resume(): Promise<void> {
    using _held = this.#lock && (await this.#lock.acquire(this.#signal));
    const { done } = await this.#generator.next();
    if (done) return;
    await this.#generator.return(undefined);
    throw new DingError(
      "plugin.invalid",
      `Cannot end middleware "${this.name}": it yields a second time`,
      { hint: "Yield once: before it is the way forward, behind it the way back." },
    );
  }
}

/** A middleware with a name, for errors and logs. */
export function named<C>(name: string, fn: Middleware<C>): Middleware<C> {
  return Object.defineProperty(fn, "name", { value: name });
}

/** What to call it. */
export function nameOf(fn: (...args: never[]) => unknown): string {
  return fn.name || "anonymous";
}

function isGenerator(value: unknown): value is AnyGenerator {
  if (typeof value !== "object" || value === null) return false;
  const { next, return: end } = value as Partial<AnyGenerator>;
  const isIterable = Symbol.iterator in value || Symbol.asyncIterator in value;
  return isIterable && typeof next === "function" && typeof end === "function";
}
