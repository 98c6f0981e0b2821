import { checkPair, dialTls } from "../../config/tls-files.ts";
import type { ClientTls } from "../../runtime/web-socket.ts";
import type { ReachOptions } from "./options.ts";
import { parseSlaves, readSlaveFile, type SlaveAddress } from "./slave-list.ts";

/** What it takes to be let in by a slave. */
export interface Reach {
  token: string | undefined;
  tls: ClientTls | undefined;
  timeoutMs: number;
}

/** Reads the certificates that the options name. */
export function reachOf(options: Omit<ReachOptions, "logLevel">, token: string | undefined): Reach {
  const { tlsCa, connectTimeoutMs: timeoutMs } = options;
  checkPair(options);
  // A certificate without an authority is for those who dial in; slaves are then dialled without TLS.
  const tls = tlsCa === undefined ? undefined : dialTls(options);
  return { token, tls, timeoutMs };
}

/** The slaves that `--slave` and `--slave-file` name together; none when neither was given. */
export async function namedSlaves({
  slave,
  slaveFile,
}: Pick<ReachOptions, "slave" | "slaveFile">): Promise<SlaveAddress[]> {
  const words = slaveFile === undefined ? [] : await readSlaveFile(slaveFile);
  return parseSlaves([...slave, ...words]);
}
