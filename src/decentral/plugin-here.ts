import { existsSync } from "node:fs";
import { DingError } from "../core/errors.ts";

const FILES = ["./unit.ts", "./unit.js", "./decentralize.ts", "./decentralize.js"];

/** The module of the units when nobody named one; throws `usage.invalid-option` where there is none. */
export function pluginHere(): string {
  const file = FILES.find((name) => existsSync(name));
  if (file !== undefined) return file;
  throw new DingError(
    "usage.invalid-option",
    "Cannot start a fleet: no plugin is named, and none is here",
    { hint: "Name one: ding decentral ./unit.ts, or module.ProcessingModel." },
  );
}
