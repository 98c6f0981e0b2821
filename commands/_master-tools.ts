import { fieldsOf } from "../src/config/option-field.ts";
import { submitOptions, type ReachOptions } from "../src/master/submit/options.ts";
import type { Given } from "./_command.ts";

/** Keys of the section "master" that one of its commands reads; the others let them stand. */
export const MASTER_KEYS: string[] = fieldsOf("master", submitOptions)
  .filter((field) => !field.flagOnly)
  .map((field) => field.key);

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
