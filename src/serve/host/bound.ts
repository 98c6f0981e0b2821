import type { Clock } from "../../core/clock.ts";
import type { DingError } from "../../core/errors.ts";
import type { Job } from "./job.ts";
import { cancelledError, lateError } from "./refusals.ts";

/** Calls `leave`, at most once, when a job's time is up or nobody wants its answer any more. */
export function bound(job: Job, clock: Clock, leave: (error: DingError) => void): void {
  const { timeoutMs, signal } = job.request;
  if (timeoutMs) {
    const timer = clock.after(timeoutMs, () => leave(lateError(timeoutMs)));
    onEnd(job, () => timer[Symbol.dispose]());
  }
  if (!signal) return;
  const abort = (): void => leave(cancelledError());
  if (signal.aborted) return abort();
  signal.addEventListener("abort", abort, { once: true });
  onEnd(job, () => signal.removeEventListener("abort", abort));
}

function onEnd(job: Job, run: () => void): void {
  job.inference.then(run, run);
}
