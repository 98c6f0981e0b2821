import { DingError } from "../core/errors.ts";
import { deno } from "./deno.ts";

/** The command line that runs the user's script again, as it was run. */
export function scriptCommand(): [string, ...string[]] {
  const [, script, ...args] = process.argv;
  if (script === undefined) {
    throw new DingError("usage.invalid-input", "Cannot run the script again: there is none");
  }
  return deno
    ? [process.execPath, "run", "-A", script, ...args]
    : [process.execPath, script, ...args];
}
