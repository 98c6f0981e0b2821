import { DingError, type Code } from "../../core/errors.ts";

/** Why a request was not answered, in Triton's words. */
export type FailureReason = "REJECTED" | "CANCELED" | "BACKEND" | "OTHER";

/** All of them, so that a count of 0 is shown too. */
export const FAILURE_REASONS: readonly FailureReason[] = [
  "REJECTED",
  "CANCELED",
  "BACKEND",
  "OTHER",
];

/** How many failed, for whatever reason. */
export function failuresIn(failed: Readonly<Record<FailureReason, number>>): number {
  return FAILURE_REASONS.reduce((sum, reason) => sum + failed[reason], 0);
}

const REASONS: Partial<Record<Code, FailureReason>> = {
  "queue.full": "REJECTED",
  "service.stopping": "REJECTED",
  "task.timed-out": "REJECTED",
  "wait.timeout": "REJECTED",
  "state.invalid": "REJECTED",
  "model.not-ready": "REJECTED",
  "task.cancelled": "CANCELED",
  "task.failed": "BACKEND",
  "task.lost": "BACKEND",
  "task.invalid-result": "BACKEND",
  "worker.exited": "BACKEND",
  "plugin.invalid": "BACKEND",
  "internal.bug": "BACKEND",
};

/**
 * REJECTED: the queue was full, its own time was up, the model is not ready, or the server goes; CANCELED: its client
 * wants it no more; BACKEND: the model or its worker failed, or took too long; OTHER: all the rest, wrong input above all.
 */
export function failureReason(thrown: unknown): FailureReason {
  if (!(thrown instanceof DingError)) return "BACKEND";
  // Its worker was killed for it: not its own time was up, but the model's.
  if (thrown.code === "task.timed-out" && thrown.details?.["deaths"] !== undefined)
    return "BACKEND";
  return REASONS[thrown.code] ?? "OTHER";
}
