import type { Clock } from "../core/clock.ts";
import type { ErrorRecord } from "../core/errors.ts";
import { TASK_EVENTS } from "../protocol/task-session.ts";
import type { Body } from "../rpc/message.ts";
import type { IncomingCall } from "../rpc/peer.ts";
import type { TaskEvents } from "./outcome.ts";
import { ProgressThrottle } from "./progress-throttle.ts";

/** What a task in a worker is told by, and who hears that it has ended. */
export interface WorkerTaskOptions {
  clock: Clock;
  /** Does the plugin look at a task before it accepts it? If not, nobody waits for its word. */
  checks: boolean;
  /** Sends what waits: the plugin may be in a loop that does not give the turn back. */
  flush(): void;
  ended(): void;
}

/** One task in a worker: tells the slave what becomes of it. */
export class WorkerTask implements TaskEvents {
  readonly #call: IncomingCall;
  readonly #options: WorkerTaskOptions;
  #progress: ProgressThrottle | undefined;

  constructor(call: IncomingCall, options: WorkerTaskOptions) {
    this.#call = call;
    this.#options = options;
  }

  accepted(): void {
    if (!this.#options.checks) return;
    this.#call.event(TASK_EVENTS.ACCEPTED);
    this.#options.flush();
  }

  progress(value: Body): void {
    this.#progress ??= new ProgressThrottle(this.#options.clock, (passed) => {
      this.#call.event(TASK_EVENTS.PROGRESS, passed);
      this.#options.flush();
    });
    this.#progress.put(value);
  }

  completed(result: Body): void {
    this.#progress?.end();
    this.#call.reply(result);
    this.#options.ended();
  }

  refused(refusal: ErrorRecord): void {
    this.failed(refusal);
  }

  failed(error: ErrorRecord): void {
    this.#progress?.end();
    this.#call.fail(error);
    this.#options.ended();
  }
}
