import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { flagName, type OptionField } from "../src/config/option-field.ts";
import type { OptionSources } from "../src/config/options.ts";
import { didYouMean } from "../src/config/suggest.ts";
import { DingError } from "../src/core/errors.ts";
import { plainWords } from "./_plain-words.ts";

/** What stood on the command line: values by flag name, and the config file that it names. */
export interface ParsedFlags {
  flags: NonNullable<OptionSources["flags"]>;
  config: string | undefined;
  /** What to tell of the flags that were used. */
  notes: string[];
}

/** The flags that every command has beside its own. */
const COMMON_FLAGS: readonly { flag: string; short?: string; text: string }[] = [
  { flag: "config", text: "--config FILE" },
  { flag: "help", short: "h", text: "--help" },
];

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

/** Reads a command line by the options of a command; whatever is not among them is refused. */
export function parseFlags(fields: OptionField[], rawArgs: string[], name: string): ParsedFlags {
  const find = (flag: string): OptionField | undefined => fieldOf(fields, flag)?.field;
  const { words, typed } = plainWords({ fields, find }, rawArgs);
  const { tokens } = parseArgs({
    args: words,
    options: optionsConfig(fields),
    // Not `strict`: it takes the -1 of `--device-map -1` for a flag, and cannot suggest names.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const taken = new TakenFlags(fields, name);
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") taken.place(token.value);
    else taken.option({ ...token, rawName: typed.get(token.index) ?? token.rawName });
  }
  return taken.parsed;
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

function fieldOf(
  fields: OptionField[],
  name: string,
): { field: OptionField; isNegated: boolean } | undefined {
  const field = fields.find((one) => spellingsOf(one).includes(name));
  if (field) return { field, isNegated: false };
  const positive = name.replace(/^no[-_]/, "");
  const negated = fields.find(
    (one) => one.type.kind === "boolean" && spellingsOf(one).includes(positive),
  );
  return negated && positive !== name ? { field: negated, isNegated: true } : undefined;
}

function noSuchOption(fields: OptionField[], token: OptionToken, name: string): DingError {
  const spellings = fields.flatMap((one) => [one.flag, ...one.aliases]);
  const known = [...spellings, ...COMMON_FLAGS.map((one) => one.flag)];
  const near = didYouMean(flagName(token.name), known)?.replace('"', '"--');
  return new DingError("usage.invalid-option", `Cannot use ${token.rawName}: no such option`, {
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

/** What was read so far. */
class TakenFlags {
  readonly parsed: ParsedFlags = { flags: {}, config: undefined, notes: [] };
  readonly #fields: OptionField[];
  readonly #name: string;
  readonly #places: OptionField[];
  /** By flag, the spelling that gave its value, as it was typed, and how strong it is. */
  readonly #ranks = new Map<string, { spelling: string; typed: string; rank: number }>();

  constructor(fields: OptionField[], name: string) {
    this.#fields = fields;
    this.#name = name;
    this.#places = fields.filter((field) => field.positional);
  }

  place(value: string): void {
    const [field] = this.#places;
    if (!field) {
      throw new DingError(
        "usage.invalid-option",
        `Cannot use argument "${value}": not expected here`,
        { hint: `Run \`${this.#name} --help\` for what can stand here` },
      );
    }
    this.#put(field, value);
    if (field.type.kind !== "array") this.#places.shift();
  }

  option(token: OptionToken): void {
    // A command may have a --config of its own; DING_CONFIG still names the common file.
    const isOwn = fieldOf(this.#fields, token.name) !== undefined;
    if (token.name === "config" && !isOwn) {
      this.parsed.config = textOf(token, "FILE");
      return;
    }
    const found = fieldOf(this.#fields, token.name);
    if (!found) throw noSuchOption(this.#fields, token, this.#name);
    const { field, isNegated } = found;
    const value = valueOf(field, token, isNegated);
    const spelling = flagName(token.name).replaceAll("_", "-");
    const note = field.notes[spelling];
    if (note !== undefined) this.parsed.notes.push(`${token.rawName}: ${note}`);
    if (this.#isStrongest(field, { spelling, typed: token.rawName })) this.#put(field, value);
  }

  #isStrongest(
    { flag, ranked, notes }: OptionField,
    said: { spelling: string; typed: string },
  ): boolean {
    if (ranked.length === 0) return true;
    const place = ranked.indexOf(said.spelling);
    const given = { ...said, rank: place < 0 ? ranked.length : place };
    const before = this.#ranks.get(flag) ?? given;
    const [winner, loser] = given.rank > before.rank ? [before, given] : [given, before];
    this.#ranks.set(flag, winner);
    if (winner.rank < loser.rank && notes[loser.spelling] === undefined)
      this.parsed.notes.push(`${loser.typed}: not used, as ${winner.typed} is given`);
    return winner === given;
  }

  #put(field: OptionField, value: string | boolean): void {
    const { flags } = this.parsed;
    const before = flags[field.flag];
    const isList = (field.type.kind === "array" || field.brackets) && typeof value === "string";
    flags[field.flag] = isList ? [...(Array.isArray(before) ? before : []), value] : value;
  }
}
