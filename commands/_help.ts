import type { CommandDef, CommandMeta } from "citty";
import { fieldsOf, type OptionField } from "../src/config/option-field.ts";
import { type Command, sectionOf } from "./_command.ts";
import { type Found, subCommandsOf } from "./_find.ts";
import { type Table, visibleNames } from "./_table.ts";
import { wrapped } from "./_wrap.ts";

const COLUMNS = 100;
const NAME_COLUMNS = 32;

/** What `ding` and `ding --help` print. */
export function programHelp(table: Table, plain: boolean): string {
  const names = visibleNames(table);
  const commands = names.map((name) => row(name, table[name]?.description ?? ""));
  const examples = names.flatMap((name) => table[name]?.example ?? []);
  return page([
    heading("Examples", plain),
    ...examples.map((example) => `  ${example}`),
    ...names.slice(0, 1).map((name) => `  ding ${name} --help`),
    "",
    "ding [COMMAND] [OPTIONS]: distributed tasks for a cluster",
    "",
    heading("Commands", plain),
    ...commands.flat(),
    "",
    heading("Options", plain),
    ...row("-h, --help", "Show the help of ding or of a command"),
    ...row("-v, --version", "Show the version"),
  ]);
}

/** What `ding COMMAND --help` prints: examples first. */
export async function commandHelp({ path, command }: Found, plain: boolean): Promise<string> {
  const words = wordsOf(command);
  const name = ["ding", ...path].join(" ");
  const fields = words ? fieldsOf(sectionOf(words), words.options) : [];
  const subCommands = await subCommandsOf(command);
  const examples = words?.examples ?? [...subCommands.values()].flatMap(firstExample);
  const lines: string[] = [];
  if (examples.length > 0) {
    lines.push(heading("Examples", plain), ...examples.map((example) => `  ${example}`), "");
  }
  lines.push(usage(name, fields, { hasRun: Boolean(command.run), hasSubs: subCommands.size > 0 }));
  lines.push(...wrapped(await descriptionOf(command), COLUMNS), "");
  if (subCommands.size > 0) {
    lines.push(heading("Commands", plain));
    for (const [sub, definition] of subCommands) {
      lines.push(...row(sub, await descriptionOf(definition)));
    }
    lines.push("");
  }
  lines.push(...optionLines(fields, plain, words !== undefined));
  return page(lines);
}

function firstExample(command: CommandDef): string[] {
  return wordsOf(command)?.examples.slice(0, 1) ?? [];
}

function optionLines(fields: OptionField[], plain: boolean, hasConfig: boolean): string[] {
  const groups = Map.groupBy(fields, (field) => field.group);
  const lines: string[] = [];
  for (const [group, members] of groups) {
    lines.push(heading(group, plain), ...members.flatMap(optionRow), "");
  }
  lines.push(heading("General", plain));
  if (fields.some((field) => field.singleDash)) {
    lines.push(...row("    -some_option", "Means --some-option: one dash and _ will do too"));
  }
  if (hasConfig && !fields.some(({ flag }) => flag === "config")) {
    lines.push(
      ...row("    --config FILE", "Config file (default ./ding.config.json; DING_CONFIG)"),
    );
  }
  lines.push(...row("-h, --help", "Show this help"));
  return lines;
}

function optionRow(field: OptionField): string[] {
  const short = field.short === undefined ? "    " : `-${field.short}, `;
  const dots = field.type.kind === "array" && !field.listOfWords ? " …" : "";
  const value = field.placeholder && ` ${field.placeholder}${dots}`;
  const isOnByDefault = field.type.kind === "boolean" && field.defaultValue === true;
  const name = field.named
    ? `${short}--${isOnByDefault ? "[no-]" : ""}${field.flag}${value}`
    : `    ${positionalName(field)}`;
  const remarks = notes(field).join("; ");
  return row(name, remarks === "" ? field.description : `${field.description} (${remarks})`);
}

/** What is to be known beside the meaning: required, repeatable, the default, other ways to give it. */
function notes(field: OptionField): string[] {
  const isList = field.type.kind === "array";
  const isEmpty = isList && Array.isArray(field.defaultValue) && field.defaultValue.length === 0;
  return [
    ...(field.required ? ["required"] : []),
    ...(isList ? [field.listOfWords ? "several: 0 1 or 0,1" : "repeatable"] : []),
    ...(field.defaultValue === undefined || field.defaultValue === false || isEmpty || field.secret
      ? []
      : [`default ${plainValue(field.defaultValue)}`]),
    ...(field.flagOnly ? [] : [field.env]),
    ...(field.aliases.length > 0 ? [`also ${otherSpellings(field)}`] : []),
  ];
}

/** The ancestors' names of the flag, as they were typed: "-num_worker". */
export function otherSpellings({ aliases, singleDash }: OptionField): string {
  return aliases
    .map((name) => (singleDash ? `-${name.replaceAll("-", "_")}` : `--${name}`))
    .join(", ");
}

/** A default as a person would type it. */
export function plainValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(plainValue).join(",");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function usage(
  name: string,
  fields: OptionField[],
  { hasRun, hasSubs }: { hasRun: boolean; hasSubs: boolean },
): string {
  const places = fields.filter((field) => field.positional).map(positionalName);
  const run = ["Usage:", name, ...places, "[OPTIONS]"].join(" ");
  const subs = `${hasRun ? "      " : "Usage:"} ${name} COMMAND [OPTIONS]`;
  return [...(hasRun ? [run] : []), ...(hasSubs ? [subs] : [])].join("\n");
}

function positionalName(field: OptionField): string {
  const name = `${field.flag.toUpperCase()}${field.type.kind === "array" ? " …" : ""}`;
  return field.required ? name : `[${name}]`;
}

/** A name, and its text beside it; below it when the name is too long. */
function row(name: string, text: string): string[] {
  const lines = wrapped(text, COLUMNS - NAME_COLUMNS - 2);
  const indent = " ".repeat(NAME_COLUMNS);
  const first = `  ${name}`;
  if (first.length + 2 > NAME_COLUMNS) return [first, ...lines.map((line) => `${indent}${line}`)];
  return lines.map((line, index) => `${index === 0 ? first.padEnd(NAME_COLUMNS) : indent}${line}`);
}

function heading(text: string, plain: boolean): string {
  return plain ? `${text}:` : `\u001B[1m${text}:\u001B[22m`;
}

function page(lines: string[]): string {
  return `${lines.join("\n").trimEnd()}\n`;
}

function wordsOf(command: CommandDef): Command["words"] | undefined {
  return "words" in command ? (command as Command).words : undefined;
}

async function descriptionOf(command: CommandDef): Promise<string> {
  const meta = await (typeof command.meta === "function" ? command.meta() : command.meta);
  return (meta as CommandMeta | undefined)?.description ?? "";
}
