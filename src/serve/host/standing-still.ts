import { readFileSync } from "node:fs";
import type { ErrorRecord } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";

/**
 * Somebody has stopped this worker by a signal, and so what it is at is not what takes too long: it has died for
 * those who wait for it. Nothing where the worker runs, or where the system does not tell.
 */
export function standingStill(
  { id, pid }: { id: string; pid: number },
  log: Logger,
): ErrorRecord | undefined {
  if (!isStopped(pid)) return undefined;
  log.warn(`worker ${id} stands still: a signal has stopped it, it is replaced`, { pid });
  return { code: "worker.exited", message: "The worker process stood still, stopped by a signal" };
}

/** Ends a worker that stands still: its death says the rest. False where it does not. */
export function endStandingStill(worker: { id: string; pid: number }, log: Logger): boolean {
  if (!standingStill(worker, log)) return false;
  process.kill(worker.pid, "SIGKILL");
  return true;
}

/** The state stands behind the name of the program, which may hold anything. */
function isStopped(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return /^\) [Tt] /.test(text.slice(text.lastIndexOf(")")));
  } catch {
    return false;
  }
}
