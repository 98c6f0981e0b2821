import { DingError } from "../../core/errors.ts";
import { parseShape } from "../../protocol/shape.ts";
import { oneVsOneSettings, soloSettings } from "../config/commander-settings.ts";
import type { Commander, CommanderOptions } from "./commander.ts";
import { OneVsOneCommander } from "./one-vs-one-commander.ts";
import { SoloCommander } from "./solo-commander.ts";

/** The names of the built-in ones. */
export const COMMANDERS = ["solo", "oneVsOne"] as const;

/** A built-in commander by its name; `usage.invalid-option` with the path of a setting that it cannot have. */
export function makeCommander(name: string, { settings, seed }: CommanderOptions): Commander {
  const shape = { what: "main.commander", code: "usage.invalid-option" } as const;
  if (name === "solo") return new SoloCommander(parseShape(soloSettings, settings, shape), seed);
  if (name === "oneVsOne") {
    return new OneVsOneCommander(parseShape(oneVsOneSettings, settings, shape), seed);
  }
  throw new DingError("usage.invalid-option", `Cannot find commander "${name}"`, {
    hint: `Take ${COMMANDERS.join(" or ")}, or the path of a module, which begins with "." or "/".`,
  });
}
