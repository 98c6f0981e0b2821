import { type Logger, logLine } from "../src/core/log.ts";
import { hider } from "./_secrets.ts";
import { visible, visibleLine } from "./_visible.ts";

/** The levels that a logger can be set to, with how much each says. */
export const LEVELS = { debug: 4, info: 3, warn: 1, error: 0, silent: -1 } as const;

/** How much a logger says. */
export type LogLevel = keyof typeof LEVELS;

/** What a logger of this program needs to know. */
export interface TerminalLoggerOptions {
  level: LogLevel;
  /** Texts that must never be shown, wherever they stand. */
  secrets?: (string | undefined)[];
  stream?: NodeJS.WriteStream;
}

type Fields = Record<string, unknown>;
type Line = (level: Exclude<LogLevel, "silent">, message: string, fields: Fields) => void;

/** Logs to stderr: for a person on a terminal, as one JSON object a line otherwise. */
export async function terminalLogger({
  level,
  secrets = [],
  stream = process.stderr,
}: TerminalLoggerOptions): Promise<Logger> {
  const write = stream.isTTY ? await linesForPeople(stream) : jsonLines(stream);
  const hide = hider(secrets);
  const say =
    (type: Exclude<LogLevel, "silent">) =>
    (...values: unknown[]): void => {
      if (LEVELS[type] > LEVELS[level]) return;
      const [message, fields] = logLine(values);
      write(type, hide.text(message), hide.fields(fields));
    };
  return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
}

/** ` port=7236 name="a b"`: fields behind a message, for people. */
export function fieldsText(fields: Fields): string {
  const text = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      const isPlain = typeof value === "string" && /^[^\s"=]+$/.test(value);
      return ` ${key}=${isPlain ? value : JSON.stringify(value)}`;
    })
    .join("");
  return visibleLine(text);
}

function jsonLines(stream: NodeJS.WriteStream): Line {
  return (level, message, fields) => stream.write(`${jsonLine(level, message, fields)}\n`);
}

/** A log line for programs, without its end. */
export function jsonLine(level: string, message: string, fields: Fields = {}): string {
  const head = { time: new Date().toISOString(), level, message };
  return JSON.stringify({ ...head, ...fields, ...head });
}

async function linesForPeople(stream: NodeJS.WriteStream): Promise<Line> {
  // Loaded only here: it takes longer than all the rest of a start.
  const { createConsola } = await import("consola");
  const options = {
    level: LEVELS.debug,
    fancy: true,
    // consola writes `info` to stdout, which belongs to data.
    stdout: stream,
    stderr: stream,
    // A repeated line is a fact too; and the timer that counts them would outlive the program.
    throttle: 0,
  };
  const lines = createConsola(options);
  return (level, message, fields) => lines[level](`${visible(message)}${fieldsText(fields)}`);
}
