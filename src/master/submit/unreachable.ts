import { DingError, NetworkError } from "../../core/errors.ts";
import type { Roster } from "./roster.ts";

const MAX_NAMED = 3;

/** Why a job cannot go on: too few slaves are there, each with its reason. */
export function unreachable(
  roster: Roster,
  { minSlaves, unreachableMs = 0 }: { minSlaves: number; unreachableMs: number | undefined },
): DingError {
  const missing = [...roster.missing()];
  const named = missing.slice(0, MAX_NAMED).map(({ name, reason }) => `${name}: ${reason}`);
  const more = missing.length > MAX_NAMED ? [`and ${missing.length - MAX_NAMED} more`] : [];
  const reasons = [...named, ...more].join("; ");
  if (missing.length > 0 && missing.every((slave) => slave.isFinal)) {
    return new DingError("peer.refused", `Cannot run tasks: every slave refused: ${reasons}`, {
      details: { slaves: missing.map(({ name }) => name) },
    });
  }
  const wanted = roster.hasQuorum ? 1 : minSlaves;
  const subject =
    wanted === 1
      ? `no slave is reachable within ${unreachableMs} ms`
      : `${roster.upCount} of at least ${wanted} slaves are reachable within ${unreachableMs} ms`;
  return new NetworkError("network.unreachable", `Cannot run tasks: ${subject}: ${reasons}`, {
    hint: "Start one with `ding slave --channel N --plugin FILE`, or name others with --slave.",
    details: { slaves: missing.map(({ name }) => name) },
  });
}
