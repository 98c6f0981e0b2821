import type { Logger } from "../src/core/log.ts";
import { readToken } from "../src/config/token.ts";
import type { Given } from "./_command.ts";
import { bothLoggers, LogFiles } from "./_log-files.ts";
import { type LogLevel, terminalLogger } from "./_terminal.ts";

/** What a command gets from the door. */
export interface Tools {
  log: Logger;
  /** The token of --token-file or DING_TOKEN, if any. */
  token: string | undefined;
  /** With --log-dir: the files, where also goes what is said to the person directly. */
  fileLog?: Logger;
  /** With --log-dir: takes what worker processes print, line by line, and who said it. */
  workerOutput?: (line: string, from?: Record<string, unknown>) => void;
}

/** The options that decide about them. */
export interface ToolOptions {
  tokenFile?: string | undefined;
  logLevel: LogLevel;
  verbose?: boolean | undefined;
  logDir?: string | undefined;
  logName?: string | undefined;
  logMaxBytes?: number | undefined;
  logKeep?: number | undefined;
}

const MAX_LOG_BYTES = 100 * 1024 * 1024;
const LOGS_KEPT = 20;

/** Reads the token, and makes a logger that does not show it: to stderr, or to the files of --log-dir. */
export async function toolsOf(
  options: ToolOptions,
  { origins, notes }: Given,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<Tools> {
  const { tokenFile, logDir } = options;
  const warnings: Parameters<Logger["warn"]>[] = [];
  const token = readToken(
    { tokenFile, tokenFileFrom: origins.tokenFile?.from, env: process.env },
    { warn: (...warning) => void warnings.push(warning) },
  );
  const level = options.verbose === true ? "debug" : options.logLevel;
  const shown = logDir === undefined ? level : seriousOnly(level);
  const terminal = await terminalLogger({ level: shown, secrets: [token], stream });
  const files =
    logDir === undefined ? undefined : filesOf(logDir, { level, token, terminal }, options);
  const log = files ? bothLoggers(files.logger, terminal) : terminal;
  for (const warning of warnings) log.warn(...warning);
  if (notes.length > 0) {
    // For the person who typed it, wherever the log goes.
    const person = await terminalLogger({ level, secrets: [token], stream });
    for (const note of notes) person.info(note);
  }
  return { log, token, ...(files && { fileLog: files.logger, workerOutput: files.forward }) };
}

function filesOf(
  folder: string,
  { level, token, terminal }: { level: LogLevel; token: string | undefined; terminal: Logger },
  { logName = "ding", logMaxBytes = MAX_LOG_BYTES, logKeep = LOGS_KEPT }: ToolOptions,
): LogFiles {
  return new LogFiles({
    folder,
    name: logName,
    level,
    maxBytes: logMaxBytes,
    keep: logKeep,
    secrets: [token],
    onTrouble: (message) => terminal.warn(message),
  });
}

/** With files for the whole story, the terminal gets what somebody should look at. */
function seriousOnly(level: LogLevel): LogLevel {
  return level === "debug" || level === "info" ? "warn" : level;
}
