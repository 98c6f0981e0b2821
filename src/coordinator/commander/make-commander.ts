import { DingError } from "../../core/errors.ts";
import { parseShape } from "../../protocol/shape.ts";
import { oneVsOneSettings, soloSettings } from "../config/commander-settings.ts";
import type { Commander, CommanderOptions } from "./commander.ts";
import { OneVsOneCommander } from "./one-vs-one-commander.ts";
import { SoloCommander } from "./solo-commander.ts";

/** The names of the built-in ones. */
export const COMMANDERS = ["solo", "oneVsOne"] as const;

/** A built-in commander by its name; `usage.invalid-option` with the path of a setting that it cannot have. */
export function makeCommander(name: string, options: CommanderOptions): Commander {
  const { settings } = options;
  const shape = { what: "main.commander", code: "usage.invalid-option" } as const;
  if (name === "solo") return new SoloCommander(parseShape(soloSettings, settings, shape), options);
  if (name === "oneVsOne") {
    return new OneVsOneCommander(parseShape(oneVsOneSettings, settings, shape), options);
  }
  throw new DingError("usage.invalid-option", `Cannot find commander "${name}"`, {
    hint: `Take ${COMMANDERS.join(" or ")}, or the path of a module, which begins with "." or "/".`,
  });
}
