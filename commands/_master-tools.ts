import { fieldsOf } from "../src/config/option-field.ts";
import { readToken } from "../src/config/token.ts";
import type { Logger } from "../src/core/log.ts";
import { submitOptions, type ReachOptions } from "../src/master/submit/options.ts";
import type { Given } from "./_command.ts";
import { terminalLogger } from "./_terminal.ts";

/** What every `ding master` command gets from the door. */
export interface MasterTools {
  log: Logger;
  token: string | undefined;
}

/** Keys of the section "master" that one of its commands reads; the others let them stand. */
export const MASTER_KEYS: string[] = fieldsOf("master", submitOptions)
  .filter((field) => !field.flagOnly)
  .map((field) => field.key);

/** Reads the token and makes a logger that does not show it. */
export async function masterTools(
  { tokenFile, logLevel: level }: Pick<ReachOptions, "tokenFile" | "logLevel">,
  { origins }: Given,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<MasterTools> {
  const warnings: Parameters<Logger["warn"]>[] = [];
  const token = readToken(
    { tokenFile, tokenFileFrom: origins.tokenFile?.from, env: process.env },
    { warn: (...warning) => void warnings.push(warning) },
  );
  const log = await terminalLogger({ level, secrets: [token], stream });
  for (const warning of warnings) log.warn(...warning);
  return { log, token };
}

const WEIGHTS = { file: 0, env: 1, flag: 2 } as const;

/** Slaves named by a flag are all the slaves: those that the environment or the config file names do not add to them. */
export function slavesGiven<O extends Pick<ReachOptions, "slave" | "slaveFile">>(
  options: O,
  { origins }: Given,
): O {
  const { slave, slaveFile } = origins;
  if (!slave || !slaveFile || slave.from === slaveFile.from) return options;
  return WEIGHTS[slave.from] > WEIGHTS[slaveFile.from]
    ? { ...options, slaveFile: undefined }
    : { ...options, slave: [] };
}
