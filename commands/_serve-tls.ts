import { readPair, readPem } from "../src/config/pem.ts";
import type { ServerTls } from "../src/runtime/http-server.ts";

/** The files that the TLS options name, read. */
export function serveTls(options: {
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  tlsCa?: string | undefined;
}): ServerTls | undefined {
  const { tlsCert, tlsKey, tlsCa } = options;
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const ca = tlsCa === undefined ? undefined : readPem(tlsCa, "ca");
  return { ...readPair(tlsCert, tlsKey), ca };
}
