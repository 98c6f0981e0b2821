import { DingError } from "../core/errors.ts";

const MAX_LEVELS = 1_000;

/**
 * `8`, `1,8,32`, `1:32` (doubling, the end included), `10:50:10` (in steps): the
 * levels to measure. Throws on what is none of these.
 */
export function parseLevels(text: string, flag: string, isWhole: boolean): number[] {
  const levels = text.split(",").flatMap((part) => levelsOf(part.trim(), text, flag));
  const fault = levels.find((level) => isWhole && !Number.isInteger(level));
  if (fault !== undefined) throw unreadable(flag, text);
  if (levels.length > MAX_LEVELS) throw unreadable(flag, text);
  return levels;
}

function levelsOf(part: string, text: string, flag: string): number[] {
  const match = /^(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?)?$/.exec(part);
  const [start = 0, end = start, step] = (match ?? [])
    .slice(1)
    .filter((one) => one !== undefined)
    .map(Number);
  if (!match || start <= 0 || end < start || step === 0) throw unreadable(flag, text);
  const levels: number[] = [];
  for (let level = start; level <= end && levels.length <= MAX_LEVELS;) {
    levels.push(level);
    level = step === undefined ? level * 2 : level + step;
  }
  if (step === undefined && levels.at(-1) !== end) levels.push(end);
  return levels;
}

function unreadable(flag: string, text: string): DingError {
  return new DingError("usage.invalid-option", `Cannot use --${flag}: "${text}" is no range`, {
    hint: `Write --${flag} 8, 1,8,32, 1:32 (doubling) or 10:50:10 (in steps)`,
  });
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, "": 1_000 };

/** `5s`, `500ms`, `2m`, or seconds without a unit, in milliseconds. */
export function parseDuration(text: string, flag: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text.trim()) ?? [];
  const ms = number === "" ? Number.NaN : Number(number) * (UNITS[unit] ?? Number.NaN);
  if (ms >= 0) return ms;
  throw new DingError("usage.invalid-option", `Cannot use --${flag}: "${text}" is no time`, {
    hint: `Write --${flag} 5s, 500ms or 2m`,
  });
}

/** `x:3,224,224`: sizes by the name of the input. */
export function parseShapes(texts: readonly string[]): Map<string, number[]> {
  return new Map(
    texts.map((text) => {
      const [, name = "", sizes = ""] = /^(.+):(\d+(?:,\d+)*)$/.exec(text.trim()) ?? [];
      if (name !== "") return [name, sizes.split(",").map(Number)] as const;
      throw new DingError("usage.invalid-option", `Cannot use --shape: "${text}" is no shape`, {
        hint: "Write --shape NAME:3,224,224",
      });
    }),
  );
}
