import type { CommandDef } from "citty";
import { fieldsOf } from "../src/config/option-field.ts";
import { didYouMean } from "../src/config/suggest.ts";
import { DingError } from "../src/core/errors.ts";
import type { Command } from "./_command.ts";
import { type Table, visibleNames } from "./_table.ts";

/** A command that was found by its words, and what stood behind them. */
export interface Found {
  /** As typed: ["slave", "make"]. */
  path: string[];
  command: CommandDef;
  rest: string[];
}

/** Follows the words of a command line into the table; undefined when it begins with none. */
export async function findCommand(rawArgs: string[], table: Table): Promise<Found | undefined> {
  const [first, ...others] = rawArgs;
  if (first === undefined || first.startsWith("-")) return undefined;
  const entry = Object.hasOwn(table, first) ? table[first] : undefined;
  if (!entry) throw unknownCommand("ding", first, visibleNames(table));
  return descend({ path: [first], command: await entry.load(), rest: others });
}

/** The subcommands of a command, loaded. */
export async function subCommandsOf(command: CommandDef): Promise<Map<string, CommandDef>> {
  const table = await resolved(command.subCommands ?? {});
  const loaded = Object.entries(table).map(
    async ([name, sub]) => [name, (await resolved(sub)) as CommandDef] as const,
  );
  return new Map(await Promise.all(loaded));
}

async function descend(found: Found): Promise<Found> {
  const [word, ...rest] = found.rest;
  const table = await resolved(found.command.subCommands ?? {});
  const names = Object.keys(table);
  const parent = `ding ${found.path.join(" ")}`;
  if (word === undefined || word.startsWith("-")) return found;
  if (!names.includes(word)) {
    if (names.length === 0) return found;
    // A word may be what the command works on, such as a file; else it can only be a slip.
    const isSlip = didYouMean(word, names) !== undefined && !takesWords(found.command);
    if (found.command.run && !isSlip) return found;
    throw unknownCommand(parent, word, names);
  }
  const command = (await resolved(table[word])) as CommandDef;
  return descend({ path: [...found.path, word], command, rest });
}

function takesWords(command: CommandDef & Partial<Command>): boolean {
  const { words } = command;
  return !words || fieldsOf(words.name, words.options).some((field) => field.positional);
}

/** citty lets most things be a value, a promise, or a function that gives either. */
async function resolved<T>(value: T | Promise<T> | (() => T) | (() => Promise<T>)): Promise<T> {
  return typeof value === "function" ? await (value as () => T | Promise<T>)() : await value;
}

function unknownCommand(parent: string, word: string, names: string[]): DingError {
  return new DingError("usage.invalid-option", `Cannot run "${parent} ${word}": no such command`, {
    hint: didYouMean(word, names) ?? `Commands are: ${names.join(", ")}`,
  });
}
