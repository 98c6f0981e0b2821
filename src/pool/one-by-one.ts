import type { Clock } from "../core/clock.ts";
import type { ErrorRecord } from "../core/errors.ts";
import type { IncomingCall } from "../rpc/peer.ts";
import type { Session } from "../rpc/session.ts";
import { look } from "./look.ts";

/** The call by which a pool takes back what lies ready in a worker. */
export const RECALL = "recall";

/** The code of the answer to a call that the worker has not begun and will not begin. */
export const RETURNED = "worker.returned";

/** So much surely fits into the pipe, whether or not the other end reads: what is said is on its way. */
const PIPE = { bytes: 32 * 1024, messages: 128 };

/** Longer than this no call begins without a look at what has arrived: it may have been cancelled or recalled. */
const LOOK_EVERY_MS = 1;

const GIVEN_BACK: ErrorRecord = { code: RETURNED, message: "The worker has not begun it" };
const CANCELLED: ErrorRecord = { code: "task.cancelled", message: "The task was cancelled" };

/**
 * In a worker: begins calls one at a time, in the order in which they came, and
 * each only when every answer before it has surely left this process. So it is
 * certain which one a worker was at that is dead.
 */
export class OneByOne {
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #begin: (call: IncomingCall) => void;
  readonly #waiting: IncomingCall[] = [];
  #isBusy = false;
  #isTurning = false;
  #lookedAt = 0;

  /** `begin` must be followed by `done()`, once, when the call is answered. */
  constructor(session: Session, clock: Clock, begin: (call: IncomingCall) => void) {
    this.#session = session;
    this.#clock = clock;
    this.#begin = begin;
  }

  add(call: IncomingCall): void {
    this.#lookedAt = this.#clock.now();
    this.#waiting.push(call);
    call.onCancel = () => {
      const index = this.#waiting.indexOf(call);
      if (index >= 0) this.#waiting.splice(index, 1);
      call.fail(CANCELLED);
    };
    this.#turn(true);
  }

  /** The call that was begun is answered. */
  done(): void {
    this.#isBusy = false;
    this.#turn(false);
  }

  /** Gives back everything that has not begun. */
  recall(): void {
    for (const call of this.#waiting.splice(0)) call.fail(GIVEN_BACK);
  }

  #turn(hasJustLooked: boolean): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    for (let isSure = hasJustLooked; !this.#isBusy && this.#waiting.length > 0; isSure = false) {
      this.#session.flush();
      if (!this.#hasAnswered()) return this.#turnAfter(this.#session.left());
      if (!isSure && this.#isLate()) return this.#turnAfter(this.#look());
      this.#beginNext();
    }
    this.#isTurning = false;
  }

  #turnAfter(wait: Promise<void>): void {
    void wait.then(() => {
      this.#isTurning = false;
      this.#turn(false);
    });
  }

  /** Is every answer out of this process, or so little of it that the pipe surely has taken it? */
  #hasAnswered(): boolean {
    return this.#session.hasAtMost(PIPE) || this.#session.hasLeft;
  }

  #isLate(): boolean {
    return this.#clock.now() - this.#lookedAt > LOOK_EVERY_MS;
  }

  #beginNext(): void {
    const call = this.#waiting.shift();
    if (!call) return;
    this.#isBusy = true;
    this.#begin(call);
  }

  async #look(): Promise<void> {
    await look();
    this.#lookedAt = this.#clock.now();
  }
}
