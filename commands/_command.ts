import { defineCommand, type CommandContext, type CommandDef, type SubCommandsDef } from "citty";
import type { z } from "zod";
import { loadConfigFile } from "../src/config/config-file.ts";
import { fieldsOf } from "../src/config/option-field.ts";
import type { Origin } from "../src/config/option-error.ts";
import { resolveOptions } from "../src/config/options.ts";
import { parseFlags } from "./_flags.ts";

/** The words of a command: what help, docs and the command line say about it. */
export interface Words<S extends z.ZodObject = z.ZodObject> {
  /** As it is typed after `ding`: "slave", "slave make". */
  name: string;
  description: string;
  /** Whole command lines, the most common first; help begins with them. */
  examples: string[];
  options: S;
  /** The section of the config file and of variables; the first word of the name if not given. */
  section?: string;
  /** Keys that other commands read from the same section. */
  otherKeys?: string[];
}

/** What is known of the command line beside the options. */
export interface Given {
  /** By key, where each given option came from. */
  origins: Record<string, Origin>;
  /** The config file that --config or DING_CONFIG named. */
  config: string | undefined;
  /** What to tell whoever typed it. */
  notes: string[];
}

/** A citty command that also carries its words. */
export interface Command extends CommandDef {
  words: Words;
}

/** A command with options from its schema; what `run` resolves to is the exit code (0 if nothing). */
export function command<S extends z.ZodObject>(
  words: Words<S>,
  run: (options: z.output<S>, given: Given) => Promise<number | void>,
  subCommands?: SubCommandsDef,
): Command {
  const { name, description } = words;
  const definition = defineCommand({
    meta: { name, description },
    ...(subCommands && { subCommands }),
    async run({ rawArgs, data }: CommandContext) {
      const { options, given } = readOptions(words, rawArgs, sectionsOf(data));
      return (await run(options, given)) ?? 0;
    },
  });
  return { ...definition, words };
}

/** The section that a command's options stand in. */
export function sectionOf(words: Words): string {
  return words.section ?? words.name.split(" ")[0] ?? words.name;
}

/** What the program tells each command that it runs, as citty's `data`. */
export interface ProgramData {
  /** The sections that a config file may have. */
  sections: string[];
}

function sectionsOf(data: unknown): string[] {
  return (data as ProgramData | undefined)?.sections ?? [];
}

/** Reads command line, environment and config file, in this order of weight. */
export function readOptions<S extends z.ZodObject>(
  words: Words<S>,
  rawArgs: string[],
  sections: string[],
): { options: z.output<S>; given: Given } {
  const section = sectionOf(words);
  const fields = fieldsOf(section, words.options);
  const { flags, config, notes } = parseFlags(fields, rawArgs, `ding ${words.name}`);
  const { env } = process;
  const file = loadConfigFile({ flag: config, env, folder: process.cwd(), sections });
  const { options, origins } = resolveOptions(section, words.options, {
    flags,
    env,
    file: file?.sections[section] ?? {},
    ...(file && { fileName: file.name, fileFolder: file.folder }),
    otherKeys: words.otherKeys ?? [],
  });
  const named = config ?? (env["DING_CONFIG"] || undefined);
  return { options, given: { origins, config: named, notes } };
}
