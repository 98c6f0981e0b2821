import { resolve } from "node:path";
import type { OptionField } from "../src/config/option-field.ts";
import { fromFolder } from "../src/config/option-path.ts";
import type { Argument } from "../src/deploy/kept-program.ts";
import type { Given } from "./_command.ts";
import { isSecret, secretError } from "./_script-secrets.ts";

/** What is known of the role whose script is made. */
export interface MadeRole {
  fields: OptionField[];
  given: Given;
  options: Record<string, unknown>;
  /** True when the script runs in this folder, and not in another one. */
  runsHere: boolean;
}

/** What was given here must be said there; the config file is read there again. */
export function argumentsOf(role: MadeRole, leftOut: string[]): Argument[] {
  return role.fields
    .filter((field) => !leftOut.includes(field.key))
    .flatMap((field) => argumentsOfField(field, role));
}

function argumentsOfField(field: OptionField, role: MadeRole): Argument[] {
  const from = role.given.origins[field.key]?.from;
  const value = role.options[field.key];
  if (field.key === "tokenFile" && from !== undefined) {
    return [{ kind: "with-token-file", text: `--${field.flag}=` }];
  }
  // What is only accepted, and noted, needs not be said again at each start.
  if (from === undefined || from === "file" || field.notes[field.flag] !== undefined) return [];
  if (isSecret(field, value)) throw secretError(field, from);
  if (typeof value === "boolean") return [`--${value ? "" : "no-"}${field.flag}`];
  if (field.listOfWords && Array.isArray(value)) return [`--${field.flag}=${value.join(",")}`];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.map((one) => `--${field.flag}=${textOfValue(field, one, role)}`);
}

/** The script may run in another folder: paths go in whole. */
function textOfValue(field: OptionField, value: unknown, { runsHere }: MadeRole): string {
  if (typeof value !== "string") return JSON.stringify(value);
  // `package.server.Worker` names a module as much as a file: it is found from its folder alone.
  if (field.namedPath && runsHere && !value.includes("/")) return value;
  return String(fromFolder(field, value, resolve(".")));
}
