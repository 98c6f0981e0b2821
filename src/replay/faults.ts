import { DingError } from "../core/errors.ts";

/** A setting that cannot work: `path` says where it stands, `problem` what is wrong with it. */
export function optionFault(path: string, problem: string, hint?: string): DingError {
  return new DingError("usage.invalid-option", `Cannot use ${path}: ${problem}`, {
    hint,
    details: { path },
  });
}

/** An argument that cannot work. */
export function inputFault(message: string, hint?: string): DingError {
  return new DingError("usage.invalid-input", message, { hint });
}

/** A saved state that does not belong to what it is loaded into. */
export function stateFault(problem: string): DingError {
  return new DingError("usage.invalid-input", `Cannot load the state: ${problem}`, {
    hint: "Load it into something with the options that it was saved with.",
  });
}

/** Refuses what is not a whole number from `least` on; Infinity passes with `orInfinity`. */
export function checkCount(
  path: string,
  value: number,
  { least = 1, orInfinity = false }: { least?: number; orInfinity?: boolean } = {},
): void {
  if (orInfinity && value === Infinity) return;
  if (!Number.isSafeInteger(value) || value < least) {
    throw optionFault(path, `${value} is not a whole number from ${least} on`);
  }
}

/** Refuses what is not a number from 0 to `most`. */
export function checkFrom(path: string, value: number, most = Infinity): void {
  if (value >= 0 && value <= most) return;
  const to = most === Infinity ? "on" : `to ${most}`;
  throw optionFault(path, `${value} is not a number from 0 ${to}`);
}

/** Refuses what is no object, and keys that mean nothing. */
export function checkKeys(path: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== "object" || value === null) throw optionFault(path, "it is no object");
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw optionFault(
    `${path}.${unknown}`,
    "there is no such option",
    `There is ${known.join(", ")}.`,
  );
}

/** Refuses what is no version of a policy: nothing would be new enough after Infinity. */
export function checkVersion(version: number | undefined): void {
  if (version === undefined || Number.isFinite(version)) return;
  throw inputFault(`Cannot use policyVersion ${String(version)}: not a number`);
}
