import type { Argument, KeptProgram } from "./kept-program.ts";

/** The text as one word of a POSIX shell, whatever is in it. */
export function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The program and its arguments as a command of a POSIX shell. */
export function commandForShell(what: KeptProgram): string {
  const { program, prefix = [], args, tokenFile = "" } = what;
  const words = [...prefix, ...args].map((one) => wordForShell(one, tokenFile));
  return [quoteForShell(program), ...words].join(" \\\n    ");
}

function wordForShell(argument: Argument, tokenFile: string): string {
  if (typeof argument === "string") return quoteForShell(argument);
  switch (argument.kind) {
    case "with-host":
      return `${quoteForShell(argument.text)}"$(uname -n)"`;
    case "with-token-file":
      return quoteForShell(`${argument.text}${tokenFile}`);
  }
}

/** The text as one word of `ExecStart=`; `$` and `%` mean something there, even in quotes. */
export function quoteForSystemd(text: string): string {
  return wordForSystemd(text.replaceAll("$", () => "$$"));
}

/** As `quoteForSystemd`, for the program itself: there systemd replaces no variables. */
export function quoteProgramForSystemd(path: string): string {
  return wordForSystemd(path);
}

/** A path in a setting that takes all the rest of its line: only `%` is special. */
export function pathForSystemd(path: string): string {
  return path.replaceAll("%", "%%");
}

const NAMED_ESCAPES: Record<string, string> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

function wordForSystemd(text: string): string {
  const escaped = text
    .replaceAll(/["\\]/g, (letter) => `\\${letter}`)
    .replaceAll("%", "%%")
    .replaceAll(/\p{Cc}/gu, (letter) => NAMED_ESCAPES[letter] ?? hexEscape(letter));
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

function hexEscape(letter: string): string {
  return `\\x${letter.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
