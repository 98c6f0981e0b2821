import { LEASE_ENDED, type Job } from "../broker/job.ts";
import { GiveUp } from "../broker/verdicts.ts";
import type { WorkContext } from "../broker/subscription.ts";
import type { Clock } from "../core/clock.ts";
import { DingError, type ErrorRecord } from "../core/errors.ts";
import type { Seat } from "./seat.ts";
import { WORKER_METHODS, type JobFailure, type JobMeta } from "./worker-protocol.ts";

/** How the reason of a try begins whose worker process died with it. */
const WORKER_DIED = "The worker process died with it";

/** The remote server was not there: the job was not tried. */
export class ServerAway extends Error {
  override readonly name = "ServerAway";
}

/** The process was gone before it heard of the job. */
export class SeatGone extends Error {
  override readonly name = "SeatGone";
}

/** What a unit is given to do. */
export interface UnitJob {
  unit: string;
  job: Job;
  /** How long it may take; 0 for no limit. */
  timeoutMs: number;
  clock: Clock;
  /** It is about to begin. */
  onBegin: () => void;
}

/** So long a job that is late may take to end before its process is ended. */
const LATE_GRACE_MS = 1_000;

/** Did a process die with this job, so that it may kill the next one, too? */
export function isSuspect({ reasons }: Pick<Job, "reasons">): boolean {
  const last = reasons.at(-1) ?? "";
  return last === LEASE_ENDED || last.startsWith(WORKER_DIED);
}

/**
 * Has a unit do one job; resolves when it is done. Throws what the subscription shall say of it: `GiveUp` or the reason
 * of another try; `ServerAway` or `SeatGone` where it was not tried. A job that may have killed a process is done while its new process does no other.
 */
export async function doJob(seat: Seat, unitJob: UnitJob, { signal }: WorkContext): Promise<void> {
  const leave = await seat.gate.enter(isSuspect(unitJob.job), signal);
  try {
    unitJob.onBegin();
    await (unitJob.timeoutMs === 0 ? ask : askInTime)(seat, unitJob, signal);
  } finally {
    leave();
  }
}

/** A job that is late hears so; one that does not end then is ended with its process. */
async function askInTime(seat: Seat, unitJob: UnitJob, signal: AbortSignal): Promise<void> {
  const { timeoutMs, clock } = unitJob;
  const late = new AbortController();
  let timer = clock.after(timeoutMs, () => {
    late.abort(new Error(`The job took longer than ${timeoutMs} ms`));
    timer = clock.after(LATE_GRACE_MS, () => seat.kill());
  });
  try {
    await ask(seat, unitJob, AbortSignal.any([signal, late.signal]));
  } finally {
    timer[Symbol.dispose]();
    // Whatever it still says: it may have come back because it was told to.
    late.signal.throwIfAborted();
  }
}

function ask(seat: Seat, { unit, job }: UnitJob, signal: AbortSignal): Promise<void> {
  const { id, key, attempt, priority, pushedAtMs, reasons, value } = job;
  const meta: JobMeta = { unit, id, key, attempt, priority, pushedAtMs, reasons };
  return new Promise((resolve, reject) => {
    let isSent = false;
    const settled = (): void => signal.removeEventListener("abort", cancel);
    const cancel = seat.call(
      { method: WORKER_METHODS.JOB, meta, body: value },
      {
        reply: () => {
          settled();
          resolve();
        },
        fail: (error) => {
          // A call to a process that is gone fails at once.
          if (!isSent) return reject(new SeatGone(error.message));
          settled();
          reject(verdict(error));
        },
      },
    );
    isSent = true;
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
  });
}

/** What the failure of a job means to its queue. */
function verdict(error: ErrorRecord): Error {
  if (error.code === "worker.exited") {
    const how = error.message.replace(/^The worker process /, "");
    return new Error(`${WORKER_DIED}: it ${how}`);
  }
  const { isAway, isHopeless } = (error.details ?? {}) as Partial<JobFailure>;
  if (isAway === true) return new ServerAway(error.message);
  return isHopeless === true ? new GiveUp(error.message) : DingError.fromRecord(error);
}
