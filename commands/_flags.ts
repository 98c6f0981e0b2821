import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { flagName, type OptionField } from "../src/config/option-field.ts";
import type { OptionSources } from "../src/config/options.ts";
import { didYouMean } from "../src/config/suggest.ts";
import { DingError } from "../src/core/errors.ts";

/** What stood on the command line: values by flag name, and the config file that it names. */
export interface ParsedFlags {
  flags: NonNullable<OptionSources["flags"]>;
  config: string | undefined;
}

/** The flags that every command has beside its own. */
export const COMMON_FLAGS: readonly { flag: string; short?: string; text: string }[] = [
  { flag: "config", text: "--config FILE" },
  { flag: "help", short: "h", text: "--help" },
];

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

/** Reads a command line by the options of a command; whatever is not among them is refused. */
export function parseFlags(fields: OptionField[], rawArgs: string[], name: string): ParsedFlags {
  const { tokens } = parseArgs({
    args: rawArgs,
    options: optionsConfig(fields),
    // Not `strict`: it takes the -1 of `--device-map -1` for a flag, and cannot suggest names.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const flags: ParsedFlags["flags"] = {};
  const places = fields.filter((field) => field.positional);
  let config: string | undefined;
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      takePositional(flags, places, { value: token.value, name });
    } else if (token.name === "config") {
      config = textOf(token, "FILE");
    } else {
      const { field, isNegated } = findField(fields, token, name);
      put(flags, field, valueOf(field, token, isNegated));
    }
  }
  return { flags, config };
}

/** Every spelling of a field's flag: `--num-worker`, the ancestors' `--num_worker`, its aliases. */
export function spellingsOf(field: OptionField): string[] {
  return [field.flag, ...field.aliases].flatMap((flag) => [flag, flag.replaceAll("-", "_")]);
}

function optionsConfig(fields: OptionField[]): ParseArgsOptionsConfig {
  const options: ParseArgsOptionsConfig = { config: { type: "string" } };
  for (const field of fields) {
    const type = field.type.kind === "boolean" ? "boolean" : "string";
    for (const flag of spellingsOf(field)) options[flag] = { type, multiple: true };
    if (field.short !== undefined) options[field.flag] = { type, short: field.short };
  }
  return options;
}

function findField(
  fields: OptionField[],
  token: OptionToken,
  name: string,
): { field: OptionField; isNegated: boolean } {
  const field = fields.find((one) => spellingsOf(one).includes(token.name));
  if (field) return { field, isNegated: false };
  const positive = token.name.replace(/^no[-_]/, "");
  const negated = fields.find(
    (one) => one.type.kind === "boolean" && spellingsOf(one).includes(positive),
  );
  if (negated && positive !== token.name) return { field: negated, isNegated: true };
  const known = [...fields.map((one) => one.flag), ...COMMON_FLAGS.map((one) => one.flag)];
  const near = didYouMean(flagName(token.name), known)?.replace('"', '"--');
  throw new DingError("usage.invalid-option", `Cannot use ${token.rawName}: no such option`, {
    hint: near ?? `Run \`${name} --help\` for all options`,
  });
}

function valueOf(field: OptionField, token: OptionToken, isNegated: boolean): string | boolean {
  if (field.type.kind !== "boolean") return textOf(token, field.placeholder);
  if (token.value === undefined) return !isNegated;
  if (!isNegated) return token.value;
  throw new DingError("usage.invalid-option", `Cannot use ${token.rawName}: it takes no value`, {
    hint: `Pass ${token.rawName} or --${field.flag}`,
  });
}

/** The value of a flag that needs one; a dash before anything but a number is the next flag. */
function textOf(token: OptionToken, placeholder: string): string {
  const isMissing =
    token.value === undefined ||
    token.value === "" ||
    (!token.inlineValue && /^-(?![\d.]|$)/.test(token.value));
  if (!isMissing) return token.value ?? "";
  throw new DingError("usage.invalid-option", `Cannot use ${token.rawName}: it needs a value`, {
    hint: `Pass ${token.rawName} ${placeholder}`,
  });
}

function takePositional(
  flags: ParsedFlags["flags"],
  places: OptionField[],
  { value, name }: { value: string; name: string },
): void {
  const field = places[0];
  if (!field) {
    throw new DingError(
      "usage.invalid-option",
      `Cannot use argument "${value}": not expected here`,
      {
        hint: `Run \`${name} --help\` for what can stand here`,
      },
    );
  }
  put(flags, field, value);
  if (field.type.kind !== "array") places.shift();
}

function put(flags: ParsedFlags["flags"], field: OptionField, value: string | boolean): void {
  const before = flags[field.flag];
  const isList = field.type.kind === "array" && typeof value === "string";
  flags[field.flag] = isList ? [...(Array.isArray(before) ? before : []), value] : value;
}
