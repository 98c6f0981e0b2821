import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { lostValue, type Job } from "./job.ts";
import type { Queue } from "./queue.ts";
import { GiveUp, NotTried, type Fate } from "./verdicts.ts";

/** What work threw. */
export interface Failure {
  thrown: unknown;
  reason: string;
}

export function failureOf(thrown: unknown): Failure {
  return { thrown, reason: messageOf(thrown) };
}

/** Says to a queue what became of jobs, as far as its kind can hear it, and to the log what failed. */
export class Teller {
  readonly #queue: Queue;
  readonly #log: Logger;
  readonly #hasLease: boolean;

  constructor(queue: Queue, log: Logger) {
    this.#queue = queue;
    this.#log = log;
    this.#hasLease = queue.can.has("lease");
  }

  /** Rejects if it could not be said; `onWritten` is that of an acknowledgement. */
  async tell(job: Job, failure: Failure | undefined, onWritten: () => void): Promise<Fate> {
    const facts = { id: job.id, attempt: job.attempt, reason: failure?.reason };
    if (!this.#hasLease) {
      if (failure?.thrown instanceof NotTried) {
        await this.#pushAgain(job);
        return "released";
      }
      if (failure)
        this.#log.error("A job failed, and is gone with that", { ...facts, value: lostValue(job) });
      return failure ? "dead" : "done";
    }
    if (!failure) {
      await this.#queue.ack(job, onWritten);
      return "done";
    }
    const fate = await this.#tellFailure(job, failure);
    if (fate === "dead") this.#log.error("A job failed for the last time", facts);
    else if (fate === "retried") this.#log.warn("A job failed, and will be tried again", facts);
    return fate;
  }

  /** Nobody has run it, or whoever does will not be heard. */
  async giveBack(job: Job): Promise<void> {
    if (this.#hasLease) await this.#queue.release(job);
    else await this.#pushAgain(job);
  }

  async #tellFailure(job: Job, { thrown, reason }: Failure): Promise<Fate> {
    if (thrown instanceof NotTried) {
      await this.#queue.release(job);
      return "released";
    }
    if (thrown instanceof GiveUp && this.#queue.can.has("dead")) {
      await this.#queue.deadLetter(job, reason);
      return "dead";
    }
    return await this.#queue.retry(job, { reason });
  }

  /** Where a job is gone as soon as it is taken, this is how it comes back. */
  async #pushAgain({ value }: Job): Promise<void> {
    await this.#queue.push({ value });
  }
}
