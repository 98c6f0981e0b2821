import { DingError } from "../../core/errors.ts";
import type { Peer, PeerChange, RouterListener } from "../router.ts";

/** Hands what comes to the task that listens; until one does nothing more is read of the others. */
export class Reader {
  #listener: RouterListener | undefined;
  #waiting: PromiseWithResolvers<void> | undefined;
  #isClosed = false;
  /** What was told of peers before somebody listened. */
  #early: ((listener: RouterListener) => void)[] = [];

  listen(listener: RouterListener): Disposable {
    this.#listener = listener;
    for (const tell of this.#early.splice(0)) tell(listener);
    this.#waiting?.resolve();
    this.#waiting = undefined;
    return {
      [Symbol.dispose]: () => {
        if (this.#listener === listener) this.#listener = undefined;
      },
    };
  }

  event(event: string, args: readonly unknown[], bytes: number): Promise<void> | undefined {
    if (this.#listener) return this.#listener.event(event, args, bytes);
    if (this.#isClosed) return undefined;
    return this.#someone().then(() => this.#listener?.event(event, args, bytes));
  }

  /** The answer, or a promise of it. */
  request(method: string, arg: unknown, from: number): unknown {
    if (this.#listener) return this.#listener.request(method, arg, from);
    return this.#someone().then(() => {
      if (this.#listener) return this.#listener.request(method, arg, from);
      throw new DingError("service.stopping", `Cannot answer "${method}": the node has ended`);
    });
  }

  finish(run: number, from: number): void {
    this.#tell((listener) => listener.finish(run, from));
  }

  peer(change: PeerChange, peer: Peer): void {
    this.#tell((listener) => listener.peer(change, peer));
  }

  missed(from: number, events: number): void {
    this.#tell((listener) => listener.missed(from, events));
  }

  /** Nobody will listen any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting?.resolve();
    this.#early = [];
  }

  #tell(tell: (listener: RouterListener) => void): void {
    if (this.#listener) tell(this.#listener);
    else if (!this.#isClosed && this.#early.length < MOST_EARLY) this.#early.push(tell);
  }

  #someone(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }
}

const MOST_EARLY = 10_000;
