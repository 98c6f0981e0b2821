import type { Clock } from "../core/clock.ts";
import type { ErrorRecord } from "../core/errors.ts";
import { TASK_EVENTS } from "../protocol/task-session.ts";
import type { Body } from "../rpc/message.ts";
import type { IncomingCall } from "../rpc/peer.ts";
import type { HeldWords } from "./held-words.ts";
import type { TaskEvents } from "./outcome.ts";
import { refuse } from "./refuse.ts";

/** After a task as short as this, word of the next one's beginning is held back: its end will say it. */
const SHORT_MS = 1;

/** How long the tasks of one master take. */
export interface Pace {
  lastMs: number;
}

/** What the tasks of one session have in common. */
export interface SessionTaskOptions {
  pace: Pace;
  held: HeldWords;
  clock: Clock;
  /** True while more than a little waits for the master: it is slow, or away. */
  isCrowded: () => boolean;
  /** It has come to its end. */
  ended?: (task: SessionTask) => void;
}

/** One task of a session: tells its master what becomes of it. */
export class SessionTask implements TaskEvents {
  readonly #call: IncomingCall;
  readonly #options: SessionTaskOptions;
  #acceptedAt = 0;
  #isAcceptedTold = false;
  /** The newest progress that a crowded session has not taken. */
  #held: { value: Body } | undefined;

  constructor(call: IncomingCall, options: SessionTaskOptions) {
    this.#call = call;
    this.#options = options;
  }

  accepted(): void {
    const { clock, pace, held } = this.#options;
    this.#acceptedAt = clock.now();
    if (pace.lastMs < SHORT_MS) held.hold(this.#tellAccepted);
    else this.#tellAccepted();
  }

  progress(value: Body): void {
    if (this.#options.isCrowded()) {
      this.#held = { value };
      return;
    }
    this.#held = undefined;
    this.#tellAccepted();
    this.#call.event(TASK_EVENTS.PROGRESS, value);
  }

  /** The slave is to stop. */
  leaving(): void {
    this.#tellAccepted();
    this.#call.event(TASK_EVENTS.LEAVING);
  }

  completed(result: Body): void {
    this.#options.ended?.(this);
    const { clock, pace } = this.#options;
    pace.lastMs = clock.now() - this.#acceptedAt;
    this.#tellHeld();
    this.#call.reply(result);
  }

  failed(error: ErrorRecord): void {
    this.#options.ended?.(this);
    this.#tellHeld();
    this.#call.fail(error);
  }

  /** The plugin's refusal in the ancestor's form. */
  refused(refusal: ErrorRecord): void {
    this.#options.ended?.(this);
    const refused = refuse("TASK_REFUSED", refusal.details?.["data"], refusal.message);
    this.#call.fail(refused.toJSON());
  }

  /** Once, and not after the end. */
  readonly #tellAccepted = (): void => {
    if (this.#isAcceptedTold) return;
    this.#isAcceptedTold = true;
    this.#call.event(TASK_EVENTS.ACCEPTED);
  };

  #tellHeld(): void {
    if (this.#held) this.#call.event(TASK_EVENTS.PROGRESS, this.#held.value);
    this.#held = undefined;
  }
}
