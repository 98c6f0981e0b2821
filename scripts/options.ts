/**
 * Writes docs/options.md from the schemas of all commands; with `--check` only says whether it is up to date.
 * The commands come from the table in commands/_table.ts: a new one needs nothing here.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CommandDef } from "citty";
import { sectionOf, type Words } from "../commands/_command.ts";
import { subCommandsOf } from "../commands/_find.ts";
import { otherSpellings, plainValue } from "../commands/_help.ts";
import { TABLE, type Table, visibleNames } from "../commands/_table.ts";
import { fieldsOf, type OptionField } from "../src/config/option-field.ts";
import { typeNameWithRange, type ValueType } from "../src/config/value-type.ts";

const FILE = join(import.meta.dir, "../docs/options.md");

const HEAD = `# Options

<!-- Written by \`bun scripts/options.ts\` from the schemas of the commands. Change those, not this. -->

Every option can be given in three ways. A flag wins over a variable of the environment, that wins over the config
file, and what nobody gives has the default.

- **Flag**: \`--port 7236\` or \`--port=7236\`. An option that is true or false takes no value: \`--json\`, \`--no-json\`.
  One that takes a list is repeated: \`--join a:1 --join b:2\`. \`--drain_timeout_ms\` means \`--drain-timeout-ms\`.
- **Variable**: \`DING_SLAVE_PORT=7236\`. A list is written with commas: \`DING_SLAVE_JOIN=a:1,b:2\`. A variable that is set
  to nothing counts as not given, as does the \`tcp://…\` that Kubernetes sets where a Service is called \`ding-slave\`.
- **Config file**: \`ding.config.json\` in the current folder, or the file that \`--config\` or \`DING_CONFIG\` names.
  It has a section for each command: \`{ "slave": { "port": 7236 } }\`. Relative paths count from its folder.

What does not fit ends the command with exit code 2 and says where the value came from. \`DING_TOKEN\` holds the token
that callers must show, for every command that has \`--token-file\`.
`;

/** The text of docs/options.md for these commands. */
export async function optionsPage(table: Table): Promise<string> {
  const parts = [HEAD];
  for (const name of visibleNames(table)) {
    const command = await table[name]?.load();
    if (command) parts.push(...(await commandParts(command)));
  }
  return parts.join("\n");
}

async function commandParts(command: CommandDef, parent?: Words): Promise<string[]> {
  const words = "words" in command ? (command.words as Words) : undefined;
  const parts = words ? [commandPart(words, parent)] : [];
  for (const sub of (await subCommandsOf(command)).values()) {
    parts.push(...(await commandParts(sub, words)));
  }
  return parts;
}

/** A subcommand that takes its parent's options too says so instead of repeating them. */
function commandPart(words: Words, parent: Words | undefined): string {
  const section = sectionOf(words);
  const shared = Object.entries(words.options.shape)
    .filter(([key, schema]) => parent?.options.shape[key] === schema)
    .map(([key]) => key);
  const own = fieldsOf(section, words.options).filter((field) => !shared.includes(field.key));
  const also = shared.length > 0 ? ` It takes the options of \`ding ${parent?.name}\` too.` : "";
  const dash = own.some((field) => field.singleDash)
    ? " One dash and underscores will do too: `-some_option` means `--some-option`."
    : "";
  const lines = [`## ding ${words.name}`, "", `${words.description}.${also}${dash}`, ""];
  for (const [group, fields] of Map.groupBy(own, (field) => field.group)) {
    lines.push(`**${group}**`, "", "| option | variable | config key | type | default | meaning |");
    lines.push("|---|---|---|---|---|---|", ...fields.map((field) => row(section, field)), "");
  }
  return lines.join("\n");
}

function row(section: string, field: OptionField): string {
  const cells = [
    code(flagText(field)),
    field.flagOnly ? "" : code(field.env),
    field.flagOnly ? "" : code(`${section}.${field.key}`),
    typeText(field.type, field.path),
    defaultText(field),
    field.aliases.length > 0
      ? `${field.description} (also ${code(otherSpellings(field))})`
      : field.description,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}

function flagText(field: OptionField): string {
  if (!field.named) return field.flag.toUpperCase();
  const place = field.positional ? `${field.flag.toUpperCase()}, ` : "";
  return `${place}${field.short === undefined ? "" : `-${field.short}, `}--${field.flag}`;
}

function typeText(type: ValueType, isPath: boolean): string {
  if (type.kind === "array") return `list, each ${typeText(type.items, isPath)}`;
  if (type.kind === "string" && isPath) return "a path";
  return typeNameWithRange(type);
}

function defaultText({ required, defaultValue, secret }: OptionField): string {
  if (required) return "required";
  if (defaultValue === undefined || secret) return "";
  if (Array.isArray(defaultValue) && defaultValue.length === 0) return "none";
  return code(plainValue(defaultValue));
}

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.main) {
  const page = await optionsPage(TABLE);
  if (!process.argv.includes("--check")) {
    mkdirSync(dirname(FILE), { recursive: true });
    writeFileSync(FILE, page);
  } else if (readIfThere(FILE) !== page) {
    console.error("docs/options.md is not what the schemas say: run `bun scripts/options.ts`");
    process.exitCode = 1;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
