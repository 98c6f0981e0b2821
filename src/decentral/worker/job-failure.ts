import { DingError, messageOf, type ErrorRecord } from "../../core/errors.ts";
import type { JobFailure } from "../worker-protocol.ts";

/** What a client of `ding serve` says of a server that is not there, or not there yet. */
const AWAY = new Set([
  "network.refused",
  "network.unreachable",
  "network.closed",
  "model.not-ready",
  "service.stopping",
]);

/** Deeper than that nobody looks for a cause. */
const MOST_CAUSES = 10;

/** What somebody's code threw, as it crosses to the fleet. */
export function jobFailure(thrown: unknown): ErrorRecord {
  const record = thrown instanceof DingError ? thrown.toJSON() : undefined;
  const failure: JobFailure = { isAway: isAway(thrown), isHopeless: nameOf(thrown) === "GiveUp" };
  return {
    code: record?.code ?? "task.failed",
    message: messageOf(thrown),
    details: { ...record?.details, ...failure },
  };
}

/** Was the remote server not there? The plugin may have wrapped what the client threw. */
export function isAway(thrown: unknown): boolean {
  let error = thrown;
  for (let depth = 0; depth < MOST_CAUSES && error instanceof Error; depth++) {
    if (nameOf(error).endsWith("Error") && AWAY.has(String((error as { code?: unknown }).code))) {
      return true;
    }
    error = error.cause;
  }
  return false;
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : "";
}
