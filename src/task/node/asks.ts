import type { Clock } from "../../core/clock.ts";
import { DingError, NetworkError, type ErrorRecord } from "../../core/errors.ts";
import type { MeshWord } from "../../protocol/task-mesh.ts";
import type { Ask, RequestOptions } from "../router.ts";

interface Open {
  to: number;
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

  constructor(clock: Clock, say: (word: MeshWord, to: number) => Promise<void>) {
    this.#clock = clock;
    this.#say = say;
  }

  /** How many wait. */
  get size(): number {
    return this.#open.size;
  }

  /** The answer; rejects with the other end's error, or when it is gone or late. */
  async ask(
    to: number,
    { method, arg }: Ask,
    { timeoutMs = TIMEOUT_MS, signal }: RequestOptions,
  ): Promise<unknown> {
    signal?.throwIfAborted();
    const id = (this.#lastId += 1);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    promise.catch(() => {}); // the word itself may fail first
    this.#open.set(id, { to, resolve, reject });
    using _timer = this.#clock.after(timeoutMs, () =>
      reject(
        new DingError(
          "wait.timeout",
          `Cannot request "${method}" of node ${to}: no answer within ${timeoutMs} ms`,
        ),
      ),
    );
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#say({ k: "ask", id, method, arg }, to);
      return await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#open.delete(id);
    }
  }

  onAnswer(id: number, value: unknown): void {
    this.#open.get(id)?.resolve(value);
  }

  onRefusal(id: number, error: ErrorRecord): void {
    this.#open.get(id)?.reject(DingError.fromRecord(error));
  }

  /** A node is gone: it answers nothing any more. */
  onGone(nodeId: number): void {
    for (const { to, reject } of this.#open.values()) {
      if (to === nodeId) reject(goneError(nodeId));
    }
  }

  /** Nobody answers any more. */
  endAll(): void {
    for (const { to, reject } of this.#open.values()) reject(goneError(to));
  }
}

function goneError(nodeId: number): NetworkError {
  return new NetworkError(
    "network.closed",
    `Cannot wait for an answer of node ${nodeId}: it is gone`,
  );
}
