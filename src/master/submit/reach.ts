import { readFileSync } from "node:fs";
import { DingError, messageOf } from "../../core/errors.ts";
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
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [given, missing] = tlsCert === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new DingError(
      "usage.invalid-option",
      `Cannot use --tls-${given}: it needs --tls-${missing} beside it`,
      { hint: `Pass --tls-${missing} FILE` },
    );
  }
  // A certificate without an authority is for those who dial in; slaves are then dialled without TLS.
  if (tlsCa === undefined) return { token, tls: undefined, timeoutMs };
  const tls: ClientTls = { ca: readPem(tlsCa, "ca") };
  if (tlsCert !== undefined && tlsKey !== undefined) {
    Object.assign(tls, { cert: readPem(tlsCert, "cert"), key: readPem(tlsKey, "key") });
  }
  return { token, tls, timeoutMs };
}

/** The text of a PEM file, or an error that names its option. */
export function readPem(path: string, option: "ca" | "cert" | "key"): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new DingError(
      "usage.invalid-option",
      `Cannot use --tls-${option}: "${path}": ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** The slaves that `--slave` and `--slave-file` name together; none when neither was given. */
export async function namedSlaves({
  slave,
  slaveFile,
}: Pick<ReachOptions, "slave" | "slaveFile">): Promise<SlaveAddress[]> {
  const words = slaveFile === undefined ? [] : await readSlaveFile(slaveFile);
  return parseSlaves([...slave, ...words]);
}
