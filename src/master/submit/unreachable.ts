import { errorOf, NetworkError, type DingError } from "../../core/errors.ts";
import type { Roster } from "./roster.ts";

const MAX_NAMED = 3;

/** Why a job cannot go on: too few slaves are there, each with its reason. */
export function unreachable(
  roster: Roster,
  { minSlaves }: { minSlaves: number },
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
  const { hasQuorum, upCount, patienceMs = 0 } = roster;
  if (hasQuorum) {
    const message = `Cannot go on: no slave came back within ${patienceMs} ms: ${reasons}`;
    return new NetworkError("network.unreachable", message, {
      hint: "Start them, and go on with --resume FILE if the results went to --out FILE.",
      details,
    });
  }
  const subject =
    minSlaves === 1
      ? `no slave is reachable within ${patienceMs} ms`
      : `${upCount} of at least ${minSlaves} slaves are reachable within ${patienceMs} ms`;
  return new NetworkError("network.unreachable", `Cannot run tasks: ${subject}: ${reasons}`, {
    hint: "Start one with `ding slave --channel N --plugin FILE`, or name others with --slave.",
    details,
  });
}
