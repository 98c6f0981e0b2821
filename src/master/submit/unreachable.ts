import { errorOf, NetworkError, type DingError } from "../../core/errors.ts";
import type { Roster } from "./roster.ts";

const MAX_NAMED = 3;

/** Why a job cannot go on: too few slaves are there, each with its reason. */
export function unreachable(
  roster: Roster,
  { minSlaves, unreachableMs = 0 }: { minSlaves: number; unreachableMs: number | undefined },
  refusals: ReadonlyMap<string, DingError>,
): DingError {
  const missing = [...roster.missing()];
  const named = missing.slice(0, MAX_NAMED).map(({ name, reason }) => `${name}: ${reason}`);
  const more = missing.length > MAX_NAMED ? [`and ${missing.length - MAX_NAMED} more`] : [];
  const reasons = [...named, ...more].join("; ");
  const details = { slaves: missing.map(({ name }) => name) };
  const refusal = missing.every((slave) => slave.isFinal) && refusals.get(missing[0]?.name ?? "");
  if (refusal) {
    const { code, hint } = refusal;
    const message = `Cannot run tasks: every slave refuses: ${reasons}`;
    return errorOf(code, message, { hint, details });
  }
  const wanted = roster.hasQuorum ? 1 : minSlaves;
  const subject =
    wanted === 1
      ? `no slave is reachable within ${unreachableMs} ms`
      : `${roster.upCount} of at least ${wanted} slaves are reachable within ${unreachableMs} ms`;
  return new NetworkError("network.unreachable", `Cannot run tasks: ${subject}: ${reasons}`, {
    hint: "Start one with `ding slave --channel N --plugin FILE`, or name others with --slave.",
    details,
  });
}
