import { DingError, messageOf } from "../src/core/errors.ts";
import type { Logger } from "../src/core/log.ts";
import { LogFile } from "./_log-file.ts";
import { hider } from "./_secrets.ts";
import { jsonLine, LEVELS, type LogLevel } from "./_terminal.ts";

/** What log files need to know. */
export interface LogFilesOptions {
  folder: string;
  /** The files are `NAME_DATE.log` and `NAME_DATE.err`. */
  name: string;
  level: LogLevel;
  maxBytes: number;
  keep: number;
  /** Texts that must never stand in them. */
  secrets: (string | undefined)[];
  onTrouble: (message: string) => void;
}

type Level = Exclude<LogLevel, "silent">;

/**
 * A logger to two files, a JSON object a line: errors to `.err`, all else to `.log`. What the
 * worker processes print comes here too, through `forward`: so the files have one writer.
 */
export class LogFiles implements Disposable {
  readonly logger: Logger;
  readonly #log: LogFile;
  readonly #err: LogFile;
  readonly #level: number;
  readonly #hide: ReturnType<typeof hider>;

  /** Makes the folder and both files; throws a usage error when that cannot be done. */
  constructor({ level, secrets, ...options }: LogFilesOptions) {
    this.#level = LEVELS[level];
    this.#hide = hider(secrets);
    this.#log = openFile({ ...options, extension: "log" });
    this.#err = openFile({ ...options, extension: "err" });
    const say = (type: Level) => (message: string, fields?: Record<string, unknown>) =>
      this.#say(type, message, fields);
    this.logger = {
      debug: say("debug"),
      info: say("info"),
      warn: say("warn"),
      error: say("error"),
    };
  }

  /** Takes a line that a worker printed, and who it is: its own log as it is, anything else as information. */
  readonly forward = (line: string, from: Record<string, unknown> = {}): void => {
    if (line.trim() === "") return;
    const logged = loggedLine(line);
    if (logged === undefined) this.#say("info", line.trimEnd(), from);
    else this.#write(logged.level, this.#hide.text(JSON.stringify({ ...logged, ...from })));
  };

  [Symbol.dispose](): void {
    this.#log[Symbol.dispose]();
    this.#err[Symbol.dispose]();
  }

  #say(level: Level, message: string, fields: Record<string, unknown> = {}): void {
    if (LEVELS[level] > this.#level) return;
    this.#write(level, jsonLine(level, this.#hide.text(message), this.#hide.fields(fields)));
  }

  #write(level: Level, line: string): void {
    if (LEVELS[level] <= this.#level) (level === "error" ? this.#err : this.#log).write(line);
  }
}

/** Says everything to both. */
export function bothLoggers(one: Logger, other: Logger): Logger {
  const both =
    (level: Level) =>
    (...words: [string, Record<string, unknown>?]): void => {
      one[level](...words);
      other[level](...words);
    };
  return { debug: both("debug"), info: both("info"), warn: both("warn"), error: both("error") };
}

function openFile(options: ConstructorParameters<typeof LogFile>[0]): LogFile {
  try {
    return new LogFile(options);
  } catch (cause) {
    throw new DingError(
      "usage.invalid-option",
      `Cannot use --log-dir: "${options.folder}": ${messageOf(cause)}`,
      { hint: "Name a folder that can be written to", cause },
    );
  }
}

/** A line that a program of ours logged; undefined for any other line. */
function loggedLine(line: string): { level: Level } | undefined {
  if (!line.startsWith('{"time":')) return undefined;
  try {
    const logged = JSON.parse(line) as { level?: unknown; message?: unknown };
    const { level, message } = logged;
    const isOurs = typeof message === "string" && typeof level === "string" && level !== "silent";
    return isOurs && Object.hasOwn(LEVELS, level) ? (logged as { level: Level }) : undefined;
  } catch {
    return undefined;
  }
}
