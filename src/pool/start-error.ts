import { DingError } from "../core/errors.ts";
import type { ProcessExit } from "../runtime/child-process.ts";
import { exitError } from "./worker-process.ts";

/** What a start that did not come to readiness is told as. */
export function startError(
  thrown: unknown,
  exit: ProcessExit,
  lateMs: number | undefined,
): DingError {
  if (lateMs !== undefined) return lateError(lateMs);
  const error = thrown instanceof DingError ? thrown : exitError(exit);
  return error.code === "worker.exited" ? loadExitError(error) : error;
}

/** No task was lost by it: the plugin, or what the process needs, is at fault. */
function loadExitError(cause: DingError): DingError {
  const how = cause.message.replace(/^The/, "the");
  return new DingError("plugin.invalid", `Cannot load plugin: ${how} before it was ready`, {
    hint: "Look at what the plugin does at its top level, and at the lines it has printed.",
    details: cause.details,
    cause,
  });
}

/** A plugin that does not get ready in time. */
export function lateError(ms: number): DingError {
  return new DingError("plugin.invalid", `Cannot load plugin: it took longer than ${ms} ms`, {
    hint: "Look for what the plugin waits for while it loads, or raise --load-timeout-ms.",
  });
}
