import { DingError } from "../../core/errors.ts";

/** Variables of the environment by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a platform tells of all its launches, by rank. */
export interface Ranks {
  /** Which one this is. */
  rank: number;
  /** On which host each of them is, as others reach it; of those behind this one only where the platform tells. */
  hosts: string[];
  /** How many there are; undefined where the platform does not tell. */
  count: number | undefined;
  /** The first port of each of them, where the platform tells. */
  ports?: readonly (number | undefined)[] | undefined;
}

/** The first of these variables that is set, and not empty. */
export function variable(env: Environment, names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== "");
}

/** As `variable`; throws `usage.invalid-option` when none is set. */
export function neededVariable(
  env: Environment,
  names: readonly [string, ...string[]],
  { platform, hint }: { platform: string; hint: string },
): string {
  const value = variable(env, names);
  if (value !== undefined) return value;
  throw new DingError(
    "usage.invalid-option",
    `Cannot use --platform ${platform}: ${names.join(" or ")} is not set`,
    { hint },
  );
}

/** A whole number from 0; throws `usage.invalid-option` naming the variable. */
export function wholeNumber(value: string, name: string): number {
  if (/^\d{1,9}$/.test(value.trim())) return Number(value);
  throw new DingError("usage.invalid-option", `Cannot use ${name}: "${value}" is no number`, {
    hint: "It is a whole number from 0.",
  });
}
