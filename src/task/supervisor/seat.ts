import type { Clock } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { backoffMs } from "../../core/retry.ts";
import { Fifo } from "../../core/fifo.ts";
import type { Child, RestartTerms } from "./child-spec.ts";
import type { RecvPayload, SendPayload } from "./payloads.ts";

/** What waits for a child. */
interface Waiting {
  payload: SendPayload;
  ask: (child: Child) => Promise<unknown>;
  answer: (payload: RecvPayload) => void;
}

export interface SeatOptions {
  procId: number;
  make: () => Child;
  restart: RestartTerms;
  /** So many requests may wait. */
  limit: number;
  clock: Clock;
  log: Logger;
}

const STOPPING = "Cannot ask the child: its supervisor stops";
const AGAIN = { minMs: 20, maxMs: 5_000, jitter: 0.2 };

/**
 * The place of one child, which dies and is made again; its requests go to it one at a time, in their order.
 *
 *   starting ──→ ready ── the child dies, restart() ──→ starting, after a while
 *                  ├─ it died too often ──→ given up: requests fail, until restart()
 *                  └─ close(), kill() ──→ closed: requests fail
 */
export class Seat {
  readonly #options: SeatOptions;
  readonly #waiting = new Fifo<Waiting>();
  #child: Child | undefined;
  #isReady = false;
  #isBusy = false;
  #isClosed = false;
  /** Why nothing is asked, for now or for good. */
  #failsWith: DingError | undefined;
  #idle: PromiseWithResolvers<void> | undefined;
  /** When it died. */
  #deaths: number[] = [];
  #again: Disposable | undefined;
  #starting: Promise<void> = Promise.resolve();
  #restarting: Promise<void> | undefined;

  constructor(options: SeatOptions) {
    this.#options = options;
  }

  /** Rejects when the first child cannot be made. */
  async open(): Promise<void> {
    const child = this.#options.make();
    this.#child = child;
    await child.start();
    this.#sit(child);
  }

  /** Throws `queue.full`; all else is told to `answer`, once. */
  ask(waiting: Waiting): void {
    const { limit, procId } = this.#options;
    if (this.#waiting.size >= limit) {
      throw new DingError("queue.full", `Cannot send: ${limit} requests wait for child ${procId}`, {
        hint: "Receive the answers first.",
      });
    }
    this.#waiting.push(waiting);
    this.#goOn();
  }

  /** Ends the child, whatever it does, and makes another one; resolves when that is ready. Twice at once is once. */
  restart(): Promise<void> {
    this.#restarting ??= this.#restart().finally(() => (this.#restarting = undefined));
    return this.#restarting;
  }

  /** Asks what waits still, and lets the child end by itself; nothing new is asked. */
  async close(): Promise<void> {
    if (this.#isBusy || this.#waiting.size > 0) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
    this.#close();
    await this.#settled();
    const child = this.#child;
    if (!child) return;
    child.stop();
    await child.gone;
    await child[Symbol.asyncDispose]();
  }

  /** Ends the child now. */
  async kill(): Promise<void> {
    this.#close();
    this.#child?.kill();
    await this.#settled();
    await this.#child?.[Symbol.asyncDispose]();
  }

  async #restart(): Promise<void> {
    this.#checkOpen();
    this.#isReady = false; // what is sent from now on is for the next one
    await this.#starting.catch(() => {}); // one that starts just now is ended too
    this.#checkOpen();
    this.#failsWith = undefined;
    this.#deaths = [];
    const old = this.#child;
    this.#child = undefined;
    this.#isReady = false;
    await old?.[Symbol.asyncDispose]();
    this.#checkOpen();
    this.#starting = this.#startAgain();
    try {
      await this.#starting;
    } catch (error) {
      this.#child = undefined;
      if (!this.#isClosed) this.#giveUp(`it cannot be made: ${messageOf(error)}`);
      throw error;
    }
  }

  /** No child is on its way any more. */
  async #settled(): Promise<void> {
    await this.#restarting?.catch(() => {});
    await this.#starting.catch(() => {});
  }

  #checkOpen(): void {
    if (this.#isClosed) throw this.#failsWith ?? new DingError("service.stopping", STOPPING);
  }

  async #startAgain(): Promise<void> {
    this.#again?.[Symbol.dispose]();
    const child = this.#options.make();
    this.#child = child;
    await child.start();
    this.#sit(child);
  }

  #sit(child: Child): void {
    this.#isReady = true;
    void child.gone.then((reason) => this.#onGone(child, reason));
    this.#goOn();
  }

  #goOn(): void {
    const child = this.#child;
    if (this.#failsWith) this.#failAll(this.#failsWith);
    if (!this.#isBusy && this.#waiting.size === 0) this.#idle?.resolve();
    if (!child?.isReachable || !this.#isReady || this.#isBusy) return;
    const next = this.#waiting.take();
    if (!next) return;
    this.#isBusy = true;
    next.ask(child).then(
      (data) => this.#answered(next, data, undefined),
      (error: unknown) => this.#answered(next, undefined, DingError.from(error)),
    );
  }

  #answered({ payload, answer }: Waiting, data: unknown, err: DingError | undefined): void {
    this.#isBusy = false;
    const { procId, reqId, method } = payload;
    answer({ procId, reqId, method, data, err });
    this.#goOn();
  }

  #onGone(child: Child, reason: Error): void {
    if (this.#child !== child) return; // restart() has taken it away
    this.#isReady = false;
    if (this.#isClosed) return;
    void child[Symbol.asyncDispose]();
    this.#child = undefined;
    this.#startLater(reason);
  }

  #startLater(reason: Error): void {
    const { procId, restart, clock, log } = this.#options;
    const nowMs = clock.now();
    this.#deaths = [...this.#deaths, nowMs].filter((at) => nowMs - at < restart.periodMs);
    if (this.#deaths.length > restart.maxRestarts) {
      log.error("A child died too often, and is not started again", { procId });
      return this.#giveUp(`it died ${this.#deaths.length} times: ${reason.message}`);
    }
    const waitMs = backoffMs(AGAIN, this.#deaths.length);
    log.warn("A child died and is started again", { procId, reason: reason.message });
    this.#again = clock.after(waitMs, () => {
      this.#starting = this.#startAgain();
      this.#starting.catch((error: unknown) => {
        this.#child = undefined;
        if (!this.#isClosed) this.#startLater(DingError.from(error));
      });
    });
  }

  /** Until restart(). */
  #giveUp(why: string): void {
    const text = `Cannot ask child ${this.#options.procId}: ${why}`;
    const hint = "Look at the log of what it does; restart() makes it again.";
    this.#failsWith = new DingError("worker.exited", text, { hint });
    this.#goOn();
  }

  #close(): void {
    this.#isClosed = true;
    this.#again?.[Symbol.dispose]();
    this.#failsWith = new DingError("service.stopping", STOPPING);
    this.#goOn();
  }

  #failAll(err: DingError): void {
    for (let next = this.#waiting.take(); next; next = this.#waiting.take()) {
      const { procId, reqId, method } = next.payload;
      next.answer({ procId, reqId, method, data: undefined, err });
    }
  }
}
