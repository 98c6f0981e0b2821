import type { CommandContext } from "citty";
import { DingError } from "../src/core/errors.ts";
import { endNow, endProgram, endWhenNobodyReads } from "./_exit.ts";
import { findCommand, type Found } from "./_find.ts";
import type { ProgramData } from "./_command.ts";
import { type Table, visibleNames } from "./_table.ts";

const HELP_FLAGS = ["--help", "-h"];

/** Runs one command line. The only place that prints an error and sets an exit code. */
export async function runProgram(rawArgs: string[], table: Table): Promise<void> {
  const isHidden = table[rawArgs[0] ?? ""]?.isHidden ?? false;
  if (!isHidden) {
    endWhenNobodyReads();
    process.on("uncaughtException", leaveWith).on("unhandledRejection", leaveWith);
  }
  try {
    const exitCode = await dispatch(rawArgs, table);
    // A child of this program decides itself how long it lives.
    if (!isHidden) endProgram(exitCode);
  } catch (thrown) {
    endProgram(await printError(thrown));
  }
}

async function dispatch(rawArgs: string[], table: Table): Promise<number> {
  const isHelp = rawArgs[0] === "help";
  const found = await findCommand(isHelp ? rawArgs.slice(1) : rawArgs, table);
  const isHidden = table[found?.path[0] ?? ""]?.isHidden ?? false;
  if (isHelp || (!isHidden && asksForHelp(rawArgs, found))) return printHelp(found, table);
  if (!found?.command.run) {
    const [flag = ""] = found?.rest ?? rawArgs;
    const name = ["ding", ...(found?.path ?? [])].join(" ");
    throw new DingError("usage.invalid-option", `Cannot use ${flag}: no such option`, {
      hint: `Name a command before it: \`${name} COMMAND ${flag}\`; \`${name} --help\` lists them`,
    });
  }
  const data: ProgramData = { sections: visibleNames(table) };
  // Not by citty's `runCommand`: its own parser stumbles over `-num_worker`, and takes values for subcommands.
  const args = { _: [] } as unknown as CommandContext["args"];
  const result: unknown = await found.command.run({
    rawArgs: found.rest,
    args,
    cmd: found.command,
    data,
  });
  return typeof result === "number" ? result : 0;
}

function asksForHelp(rawArgs: string[], found: Found | undefined): boolean {
  const rest = found?.rest ?? rawArgs;
  if (rest.length === 0 && !found?.command.run) return true;
  const end = rest.indexOf("--");
  return rest.slice(0, end < 0 ? rest.length : end).some((arg) => HELP_FLAGS.includes(arg));
}

async function printHelp(found: Found | undefined, table: Table): Promise<number> {
  const { programHelp, commandHelp } = await import("./_help.ts");
  const { stdout } = process;
  const plain = !stdout.isTTY || Boolean(process.env.NO_COLOR) || process.env.TERM === "dumb";
  stdout.write(found ? await commandHelp(found, plain) : programHelp(table, plain));
  return 0;
}

async function printError(thrown: unknown): Promise<number> {
  const { errorText, exitCodeOf } = await import("./_print-error.ts");
  const error = DingError.from(thrown);
  process.stderr.write(errorText(error));
  return exitCodeOf(error);
}

/** For what nobody waited for: the state of the program is not known any more. */
function leaveWith(thrown: unknown): void {
  void printError(thrown).then(endNow);
}
