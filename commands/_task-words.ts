import { fieldsOf } from "../src/config/option-field.ts";
import { DingError } from "../src/core/errors.ts";
import type { TaskWords } from "../src/deploy/task-words.ts";
import { taskOptions, type TaskCommandOptions } from "../src/task/options.ts";
import type { Given } from "./_command.ts";
import { isSecret, secretError } from "./_script-secrets.ts";

/** What only the command itself does: it is nothing for a script. */
export const NOT_SCRIPTED = ["version", "dryRun", "platform", "json", "localRank"] as const;

/** The options of `ding task` that a script or a manifest takes, with the same words. */
export function scriptedTaskOptions() {
  const { version: _v, dryRun: _d, localRank: _l, ...shape } = taskOptions.shape;
  return shape;
}

/**
 * Fails for options that say nothing of what is to run: without a name, a program is looked for that has the name of the
 * folder there, which nobody here knows.
 */
export function checkProgram({ origins }: Given, what: { word: string; hint: string }): void {
  if (origins["main"] !== undefined || origins["package"] !== undefined) return;
  const text = `Cannot make a ${what.word}: nothing says what it runs`;
  throw new DingError("usage.invalid-option", text, { hint: what.hint });
}

/** What is one launch's own, when so many launches have the same command line. */
export function checkShared(
  { nodeIds, address, ports, parallelWorkers, protocol, mqType, mqUrl }: ScriptedOptions,
  launches: number,
): void {
  if (launches < 2) return;
  const refuse = (what: string, hint: string): DingError =>
    new DingError("usage.invalid-option", `Cannot use ${what} for ${launches} launches`, { hint });
  const ids = nodeIds.flatMap((text) => text.split(","));
  const nodes = launches * parallelWorkers;
  if (ids.length > 0 && ids.length < nodes) {
    throw refuse(
      `--node-ids ${ids.join(",")}`,
      `Pass one for each of their ${nodes} nodes, or none: they are 0 to ${nodes - 1} then.`,
    );
  }
  if (address !== undefined) {
    throw refuse(`--address ${address}`, "Leave it out: the platform tells each of them its own.");
  }
  const isBrokered = mqUrl !== undefined || mqType.toLowerCase() !== "nng";
  if (protocol === "ipc" && !isBrokered) {
    throw refuse("--protocol ipc", "Leave it out: nobody else reaches what is of one machine.");
  }
  if (ports.join() === "0" && !isBrokered) {
    throw refuse("--ports 0", "Pass the first port of a row, such as --ports 20000, or none.");
  }
}

type ScriptedOptions = Pick<
  TaskCommandOptions,
  "nodeIds" | "address" | "ports" | "parallelWorkers" | "protocol" | "mqType" | "mqUrl"
>;

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
    if (isSecret(field, value)) throw secretError(field);
    if (typeof value === "boolean") return [value ? flag : `--no-${field.flag}`];
    return [flag, Array.isArray(value) ? value.join(",") : String(value)];
  });
  return { words };
}
