import { NetworkError, errorOf, type Code, type DingError } from "../../core/errors.ts";
import type { Line } from "./line.ts";

/** The line with the lowest is asked first: a connection that is being mended goes last. */
export function rank({ outstanding, isAttached }: Line): number {
  return outstanding + (isAttached ? 0 : 1_000_000);
}

/** May what is wrong mend itself? What a proxy says, or a connection that is cut at once, only says that the server is away. */
export function mayPass({ retryable, details }: DingError): boolean {
  const { status, isUnclear } = details;
  return retryable || isUnclear === true || (typeof status === "number" && status >= 500);
}

const NOBODY_THERE: ReadonlySet<string> = new Set<Code>([
  "network.refused",
  "network.unreachable",
  "network.timeout",
]);
const NOBODY_HINT = "Start `ding serve` there, or check host and port.";

/** Why nothing can be asked, when no line is up. */
export function unreachable(lines: readonly Line[]): DingError {
  const errors = lines.flatMap(({ error }) => (error ? [error] : []));
  const [first] = errors;
  if (!first) return new NetworkError("network.unreachable", "Cannot reach any server");
  const { code, details } = first;
  const hint = first.hint ?? (NOBODY_THERE.has(code) ? NOBODY_HINT : undefined);
  if (errors.length === 1) return errorOf(code, first.message, { hint, details, cause: first });
  const told = errors.map(({ message }) => message).join("; ");
  const message = `Cannot reach any of ${errors.length} servers: ${told}`;
  return errorOf(code, message, { hint, details, cause: first });
}
