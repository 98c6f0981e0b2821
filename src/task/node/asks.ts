import { LONGEST_TIMER_MS, type Clock } from "../../core/clock.ts";
import { DingError, NetworkError, type ErrorRecord } from "../../core/errors.ts";
import type { MeshWord } from "../../protocol/task-mesh.ts";
import type { Ask, RequestOptions } from "../router.ts";

interface Open {
  to: number;
  method: string;
  timeoutMs: number;
  deadline: number;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

const TIMEOUT_MS = 30_000;

/** The requests of one node that wait for their answers. */
export class Asks {
  readonly #clock: Clock;
  readonly #say: (word: MeshWord, to: number) => Promise<void>;
  readonly #open = new Map<number, Open>();
  #lastId = 0;
  #timer: { at: number; timer: Disposable } | undefined;

  constructor(clock: Clock, say: (word: MeshWord, to: number) => Promise<void>) {
    this.#clock = clock;
    this.#say = say;
  }

  /** How many wait. */
  get size(): number {
    return this.#open.size;
  }

  /** The answer; rejects with the other end's error, or when it is gone or late. */
  ask(
    to: number,
    { method, arg }: Ask,
    { timeoutMs = TIMEOUT_MS, signal }: RequestOptions,
  ): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const id = (this.#lastId += 1);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const deadline = this.#clock.now() + timeoutMs;
    this.#open.set(id, { to, method, timeoutMs, deadline, resolve, reject });
    this.#watch(deadline);
    // What cannot travel, or has no room, is told at once.
    const failed = (error: unknown): void => this.#settle(id)?.reject(error);
    try {
      this.#say(["ask", id, method, arg], to).catch(failed);
    } catch (error) {
      failed(error);
    }
    return signal ? this.#withSignal(promise, id, signal) : promise;
  }

  onAnswer(id: number, value: unknown): void {
    this.#settle(id)?.resolve(value);
  }

  onRefusal(id: number, error: ErrorRecord): void {
    this.#settle(id)?.reject(DingError.fromRecord(error));
  }

  /** A node is gone: it answers nothing any more. */
  onGone(nodeId: number): void {
    for (const [id, { to, reject }] of this.#open) {
      if (to !== nodeId) continue;
      this.#open.delete(id);
      reject(goneError(nodeId));
    }
  }

  /** Nobody answers any more. */
  endAll(): void {
    this.#timer?.timer[Symbol.dispose]();
    for (const { to, reject } of this.#open.values()) reject(goneError(to));
    this.#open.clear();
  }

  #settle(id: number): Open | undefined {
    const open = this.#open.get(id);
    this.#open.delete(id);
    return open;
  }

  async #withSignal(promise: Promise<unknown>, id: number, signal: AbortSignal): Promise<unknown> {
    const onAbort = (): void => this.#settle(id)?.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** One timer for all: most answers come long before it. */
  #watch(deadline: number): void {
    if (this.#timer && this.#timer.at <= deadline) return;
    this.#timer?.timer[Symbol.dispose]();
    const inMs = Math.min(LONGEST_TIMER_MS, Math.max(0, deadline - this.#clock.now()));
    this.#timer = { at: deadline, timer: this.#clock.after(inMs, this.#onTimer) };
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [id, { deadline, reject, to, method, timeoutMs }] of this.#open) {
      if (deadline > now) {
        next = Math.min(next, deadline);
        continue;
      }
      this.#open.delete(id);
      const told = `no answer within ${timeoutMs} ms`;
      reject(new DingError("wait.timeout", `Cannot request "${method}" of node ${to}: ${told}`));
    }
    if (this.#open.size > 0) this.#watch(next);
  };
}

function goneError(nodeId: number): NetworkError {
  return new NetworkError(
    "network.closed",
    `Cannot wait for an answer of node ${nodeId}: it is gone`,
  );
}
