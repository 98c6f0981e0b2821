import type { Logger } from "../src/core/log.ts";
import { readToken } from "../src/config/token.ts";
import type { Given } from "./_command.ts";
import { type LogLevel, terminalLogger } from "./_terminal.ts";

/** What a command gets from the door. */
export interface Tools {
  log: Logger;
  /** The token of --token-file or DING_TOKEN, if any. */
  token: string | undefined;
}

/** The options that decide about them. */
export interface ToolOptions {
  tokenFile?: string | undefined;
  logLevel: LogLevel;
}

/** Reads the token, and makes a logger that does not show it. */
export async function toolsOf(
  { tokenFile, logLevel: level }: ToolOptions,
  { origins, notes }: Given,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<Tools> {
  const warnings: Parameters<Logger["warn"]>[] = [];
  const token = readToken(
    { tokenFile, tokenFileFrom: origins.tokenFile?.from, env: process.env },
    { warn: (...warning) => void warnings.push(warning) },
  );
  const log = await terminalLogger({ level, secrets: [token], stream });
  for (const warning of warnings) log.warn(...warning);
  for (const note of notes) log.info(note);
  return { log, token };
}
