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

const REASONS: Partial<Record<Code, FailureReason>> = {
  "queue.full": "REJECTED",
  "service.stopping": "REJECTED",
  "task.timed-out": "REJECTED",
  "wait.timeout": "REJECTED",
  "state.invalid": "REJECTED",
  "task.cancelled": "CANCELED",
  "task.failed": "BACKEND",
  "task.lost": "BACKEND",
  "task.invalid-result": "BACKEND",
  "worker.exited": "BACKEND",
  "plugin.invalid": "BACKEND",
  "internal.bug": "BACKEND",
};

/**
 * REJECTED: the queue was full, its time was up, or the server goes; CANCELED: its client wants it no more; BACKEND: the
 * model or its worker failed; OTHER: all the rest, wrong input above all.
 */
export function failureReason(thrown: unknown): FailureReason {
  return thrown instanceof DingError ? (REASONS[thrown.code] ?? "OTHER") : "BACKEND";
}
