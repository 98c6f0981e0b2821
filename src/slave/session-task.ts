import type { Clock } from "../core/clock.ts";
import type { ErrorRecord } from "../core/errors.ts";
import { TASK_EVENTS } from "../protocol/task-session.ts";
import type { Body } from "../rpc/message.ts";
import type { IncomingCall } from "../rpc/peer.ts";
import type { TaskEvents } from "./outcome.ts";
import { refuse } from "./refuse.ts";

/** After a task as short as this, word of the next one's beginning waits to leave with its end. */
const SHORT_MS = 1;

/** How long the tasks of one master take. */
export interface Pace {
  lastMs: number;
}

/** One task of a session: tells its master what becomes of it. */
export class SessionTask implements TaskEvents {
  readonly #call: IncomingCall;
  readonly #pace: Pace;
  readonly #clock: Clock;
  #acceptedAt = 0;

  constructor(call: IncomingCall, pace: Pace, clock: Clock) {
    this.#call = call;
    this.#pace = pace;
    this.#clock = clock;
  }

  accepted(): void {
    this.#acceptedAt = this.#clock.now();
    if (this.#pace.lastMs < SHORT_MS) this.#call.eventSoon(TASK_EVENTS.ACCEPTED);
    else this.#call.event(TASK_EVENTS.ACCEPTED);
  }

  progress(value: Body): void {
    this.#call.event(TASK_EVENTS.PROGRESS, value);
  }

  completed(result: Body): void {
    this.#pace.lastMs = this.#clock.now() - this.#acceptedAt;
    this.#call.reply(result);
  }

  failed(error: ErrorRecord): void {
    this.#call.fail(error);
  }

  /** The plugin's refusal in the ancestor's form. */
  refused(refusal: ErrorRecord): void {
    const refused = refuse("TASK_REFUSED", refusal.details?.["data"], refusal.message);
    this.#call.fail(refused.toJSON());
  }
}
