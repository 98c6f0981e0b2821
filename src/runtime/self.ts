import { fileURLToPath } from "node:url";
import { DingError } from "../core/errors.ts";
import { startChild, type ChildProcess, type OutputLine } from "./child-process.ts";
import { deno } from "./deno.ts";

/** The command line that runs this very program again: compiled, under Bun, or under Deno. */
export function selfCommand(): [string, ...string[]] {
  if (deno) return [process.execPath, "run", "-A", fileURLToPath(MAIN)];
  if (typeof Bun === "undefined")
    throw new DingError("internal.bug", "Cannot run this program again: neither Bun nor Deno");
  return isCompiled() ? [process.execPath] : [process.execPath, fileURLToPath(MAIN)];
}

/** Of the program, also where another one uses its classes. */
const MAIN = new URL("../../commands/main.ts", import.meta.url);

/** True in the one-file binary. */
export function isCompiled(): boolean {
  return typeof Bun !== "undefined" && /^(?:\/\$bunfs\/|[A-Z]:[\\/]~BUN)/.test(Bun.main);
}

/** What a child prints on its stdout is on ours. */
export const OWN_STDOUT = "own-stdout";

/**
 * Starts this program again as a child that speaks with this process. What it prints goes to our stderr, so
 * that a plugin's prints never mix with the data on our own stdout; or to `output`, if given: with `OWN_STDOUT` what it
 * prints is data.
 * Bun ends even a busy child when this process is gone; under Deno, when it leaves by itself.
 */
export function spawnSelf(
  args: string[],
  env: Record<string, string> = {},
  output?: OutputLine | typeof OWN_STDOUT,
): ChildProcess {
  const [command, ...rest] = selfCommand();
  return spawnProgram([command, ...rest, ...args], env, output);
}

/** As `spawnSelf`, for any command line of this runtime. */
export function spawnProgram(
  command: readonly [string, ...string[]],
  env: Record<string, string> = {},
  output?: OutputLine | typeof OWN_STDOUT,
): ChildProcess {
  return startChild(command, {
    env: { ...withoutSecrets(process.env), BUN_OPTIONS: bunOptions(), ...env },
    stdout: output === OWN_STDOUT ? "stdout" : "stderr",
    output: output === OWN_STDOUT ? undefined : output,
  });
}

const NO_ORPHANS = "--no-orphans";

function bunOptions(): string {
  const given = process.env["BUN_OPTIONS"];
  return given ? `${given} ${NO_ORPHANS}` : NO_ORPHANS;
}

/**
 * For a child that `spawnSelf` started: what it starts itself gets the BUN_OPTIONS that the user
 * had set. (Not what `Bun.spawn` starts without `env`: it hands on the variables of the start.)
 */
export function restoreBunOptions(): void {
  const own = process.env["BUN_OPTIONS"] ?? "";
  if (!own.endsWith(NO_ORPHANS)) return;
  const given = own.slice(0, -NO_ORPHANS.length).trimEnd();
  if (given === "") delete process.env["BUN_OPTIONS"];
  else process.env["BUN_OPTIONS"] = given;
}

/** Who calls this program is its own business: the code of others in a child needs no token. */
function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !TOKEN_VARIABLES.test(name)));
}

const TOKEN_VARIABLES = /^DING_(?:\w+_)?TOKEN(?:_FILE)?$/;
