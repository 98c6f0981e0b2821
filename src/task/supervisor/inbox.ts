import { DingError } from "../../core/errors.ts";
import { within } from "../../core/wait.ts";
import type { RecvPayload } from "./payloads.ts";

/** Which answers somebody wants, by the id of their request. */
export type Wanted = (reqId: string) => boolean;

interface Waiter {
  wanted: Wanted;
  resolve: (payload: RecvPayload) => void;
  reject: (error: Error) => void;
}

/** Answers in the order of their coming, until somebody takes them. */
export class Inbox {
  readonly #arrived = new Map<string, RecvPayload>();
  /** Asked, and nobody has taken or abandoned the answer. */
  readonly #open = new Set<string>();
  #waiters: Waiter[] = [];
  /** Nobody waits for these any more. */
  readonly #abandoned = new Set<string>();
  #endedWith: DingError | undefined;

  get size(): number {
    return this.#arrived.size;
  }

  /** An answer to this one will come; throws `usage.invalid-input` when one to the same id may. */
  expect(reqId: string): void {
    if (this.#open.has(reqId) || this.#abandoned.has(reqId)) {
      throw new DingError("usage.invalid-input", `Cannot send: there is a request "${reqId}"`, {
        hint: "Leave reqId out, or give each request one of its own.",
      });
    }
    this.#open.add(reqId);
  }

  /** None comes: it could not be asked. */
  forget(reqId: string): void {
    this.#open.delete(reqId);
  }

  /** Has it been asked, and its answer not been taken? */
  isOpen(reqId: string): boolean {
    return this.#open.has(reqId);
  }

  put(payload: RecvPayload): void {
    if (this.#abandoned.delete(payload.reqId)) return;
    const waiter = this.#waiters.find(({ wanted }) => wanted(payload.reqId));
    if (!waiter) return void this.#arrived.set(payload.reqId, payload);
    this.#waiters = this.#waiters.filter((each) => each !== waiter);
    this.#open.delete(payload.reqId);
    waiter.resolve(payload);
  }

  /** The answer is let go when it comes. */
  abandon(reqId: string): void {
    this.#open.delete(reqId);
    if (!this.#arrived.delete(reqId)) this.#abandoned.add(reqId);
  }

  /** The first wanted one; rejects with `wait.timeout` when none has come in time. */
  async take(wanted: Wanted, timeoutMs: number | undefined): Promise<RecvPayload> {
    for (const [reqId, payload] of this.#arrived) {
      if (!wanted(reqId)) continue;
      this.#arrived.delete(reqId);
      this.#open.delete(reqId);
      return payload;
    }
    if (this.#endedWith) throw this.#endedWith;
    const { promise, resolve, reject } = Promise.withResolvers<RecvPayload>();
    const waiter = { wanted, resolve, reject };
    this.#waiters.push(waiter);
    try {
      return await (timeoutMs === undefined ? promise : within(promise, timeoutMs, "a child"));
    } finally {
      this.#waiters = this.#waiters.filter((each) => each !== waiter);
    }
  }

  /** Nothing comes any more. */
  end(error: DingError): void {
    this.#endedWith = error;
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }
}
