import type { z } from "zod";
import { DingError } from "../core/errors.ts";
import { NOT_CONVERTIBLE } from "./convert.ts";
import { valueOfTexts, variableTexts } from "./field-value.ts";
import { fieldsOf, type OptionField } from "./option-field.ts";
import { issueError, missingError, type Origin, wrongTextError } from "./option-error.ts";
import { fromFolder } from "./option-path.ts";
import { nearestName } from "./suggest.ts";

/** What was given from outside; flags and variables are texts, the file's values have types. */
export interface OptionSources {
  /** By flag name without dashes; a list when the flag was repeated. */
  flags?: Record<string, string | boolean | string[] | undefined>;
  env?: Record<string, string | undefined>;
  /** The section of the config file, already parsed. */
  file?: Record<string, unknown>;
  /** How the file is called in error messages. */
  fileName?: string;
  /** Where relative paths in the file count from; the current folder if not given. */
  fileFolder?: string;
  /** Keys that other commands read from the same section. */
  otherKeys?: string[];
}

/** The options of one run, and where each given one came from. */
export interface ResolvedOptions<S extends z.ZodObject> {
  options: z.output<S>;
  /** By key; a key that nobody gave is not in it. */
  origins: Record<string, Origin>;
}

/** Flags win over the environment, that over the file; the schema fills the rest and checks all. */
export function loadOptions<S extends z.ZodObject>(
  section: string,
  schema: S,
  sources: OptionSources,
): z.output<S> {
  return resolveOptions(section, schema, sources).options;
}

/** As `loadOptions`, and says for each option where it came from. */
export function resolveOptions<S extends z.ZodObject>(
  section: string,
  schema: S,
  sources: OptionSources,
): ResolvedOptions<S> {
  const fields = fieldsOf(section, schema);
  refuseUnknownKeys(section, fields, sources);
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const field of fields) {
    const given = findValue(section, field, sources);
    if (given) [values[field.key], origins[field.key]] = given;
    else if (field.required) throw missingError(section, field);
  }
  const parsed = schema.safeParse(values);
  if (parsed.success) return { options: parsed.data, origins };
  throw issueError(parsed.error, { section, fields, values, origins });
}

function findValue(
  section: string,
  field: OptionField,
  { flags, env, file, fileName = "the config file", fileFolder = "." }: OptionSources,
): [value: unknown, origin: Origin] | undefined {
  const flag = flags?.[field.flag];
  if (flag !== undefined) return fromFlag(field, flag);
  if (field.flagOnly) return undefined;
  const variable = env?.[field.env];
  if (variable !== undefined && isGiven(field, variable)) return fromVariable(field, variable);
  const value = file?.[field.key];
  if (value === undefined) return undefined;
  return [
    fromFolder(field, oneOrMore(field, value), fileFolder),
    { from: "file", name: `${section}.${field.key} in ${fileName}` },
  ];
}

/** In the place of a list one text means what it means as a flag, and one number a list of it. */
function oneOrMore(field: OptionField, value: unknown): unknown {
  if (field.type.kind !== "array") return value;
  if (typeof value === "number") return [value];
  const list = typeof value === "string" ? valueOfTexts(field, [value]) : value;
  return list === NOT_CONVERTIBLE ? value : list;
}

function fromFlag(field: OptionField, given: string | boolean | string[]): [unknown, Origin] {
  const origin: Origin = { from: "flag", name: `--${field.flag}` };
  if (typeof given === "boolean") return [given, origin];
  const texts = Array.isArray(given) ? given : [given];
  if (texts.some((text) => text === "")) throw emptyError(field);
  const value = valueOfTexts(field, texts);
  if (value === NOT_CONVERTIBLE) throw wrongTextError(field, texts, origin);
  return [value, origin];
}

/**
 * A variable that is set to nothing is how shells and compose files say "not set". And where a
 * Service is called `ding-serve`, Kubernetes sets DING_SERVE_PORT to `tcp://10.96.0.7:8900`.
 */
function isGiven(field: OptionField, text: string): boolean {
  return text !== "" && !(field.key === "port" && /^(tcp|udp|sctp):\/\//.test(text));
}

function fromVariable(field: OptionField, text: string): [unknown, Origin] {
  const origin: Origin = { from: "env", name: field.env };
  const texts = variableTexts(field, text);
  const value = valueOfTexts(field, texts);
  if (value === NOT_CONVERTIBLE) throw wrongTextError(field, texts, origin);
  return [value, origin];
}

function emptyError(field: OptionField): DingError {
  return new DingError("usage.invalid-option", `Cannot use --${field.flag}: it needs a value`, {
    hint: `Pass --${field.flag} ${field.placeholder}`,
  });
}

/** Other spellings of a flag lead to its key, too: there is one name in the file. */
function keyHint(
  unknown: string,
  { keyed, known }: { keyed: OptionField[]; known: string[] },
): string | undefined {
  const aliases = keyed.flatMap(({ key, aliases: names }) => names.map((name) => [name, key]));
  const keyOf = new Map([...aliases, ...known.map((key) => [key, key])] as [string, string][]);
  const name = nearestName(unknown, keyOf.keys());
  return name === undefined ? undefined : `Did you mean "${keyOf.get(name)}"?`;
}

function refuseUnknownKeys(
  section: string,
  fields: OptionField[],
  { file = {}, fileName = "the config file", otherKeys = [] }: OptionSources,
): void {
  const keyed = fields.filter((field) => !field.flagOnly);
  const known = [...keyed.map((field) => field.key), ...otherKeys];
  const unknown = Object.keys(file).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new DingError(
    "usage.invalid-option",
    `Cannot use ${section}.${unknown} in ${fileName}: no such option`,
    { hint: keyHint(unknown, { keyed, known }) },
  );
}
