import { fieldsOf } from "../src/config/option-field.ts";
import { DingError } from "../src/core/errors.ts";
import type { TaskWords } from "../src/deploy/task-words.ts";
import { taskOptions } from "../src/task/options.ts";
import type { Given } from "./_command.ts";

/** What only the command itself does: it is nothing for a script. */
export const NOT_SCRIPTED = ["version", "dryRun", "platform", "json", "localRank"] as const;

/** The options of `ding task` that a script or a manifest takes, with the same words. */
export function scriptedTaskOptions() {
  const { version: _v, dryRun: _d, localRank: _l, ...shape } = taskOptions.shape;
  return shape;
}

/** What was said here of the program, as it is to be said there, `leftOut` not. */
export function taskWords(
  options: Record<string, unknown>,
  given: Given,
  leftOut: readonly string[],
): TaskWords {
  const fields = fieldsOf("task", taskOptions).filter(
    ({ key }) => given.origins[key] !== undefined && !leftOut.includes(key),
  );
  const words = fields.map((field): [string, ...string[]] => {
    const value = options[field.key];
    const flag = `--${field.flag}`;
    if (field.secret) {
      throw new DingError("usage.invalid-option", `Cannot write ${flag} into a script`, {
        hint: `It is a secret: set ${field.env} where the script runs`,
      });
    }
    if (typeof value === "boolean") return [value ? flag : `--no-${field.flag}`];
    return [flag, Array.isArray(value) ? value.join(",") : String(value)];
  });
  return { words };
}
