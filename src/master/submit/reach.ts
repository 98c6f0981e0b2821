import { checkPair } from "../../config/listen.ts";
import { readPem } from "../../config/pem.ts";
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
  const { tlsCa, tlsCert, tlsKey, connectTimeoutMs: timeoutMs } = options;
  checkPair(options);
  // A certificate without an authority is for those who dial in; slaves are then dialled without TLS.
  if (tlsCa === undefined) return { token, tls: undefined, timeoutMs };
  const tls: ClientTls = { ca: readPem(tlsCa, "ca") };
  if (tlsCert !== undefined && tlsKey !== undefined) {
    Object.assign(tls, { cert: readPem(tlsCert, "cert"), key: readPem(tlsKey, "key") });
  }
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
