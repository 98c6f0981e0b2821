import { DingError } from "../core/errors.ts";
import { readPair, readPem } from "./pem.ts";

/** The paths that a command's TLS options name. */
export interface TlsFiles {
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  tlsCa?: string | undefined;
}

/** Their texts. */
export interface TlsTexts {
  cert?: string | undefined;
  key?: string | undefined;
  ca?: string | undefined;
}

/** A certificate is of no use without its key, nor a key without its certificate. */
export function checkPair({ tlsCert, tlsKey }: TlsFiles): void {
  if ((tlsCert === undefined) === (tlsKey === undefined)) return;
  const [given, missing] = tlsCert === undefined ? ["key", "cert"] : ["cert", "key"];
  throw new DingError(
    "usage.invalid-option",
    `Cannot use --tls-${given}: it needs --tls-${missing} beside it`,
    { hint: `Pass --tls-${missing} FILE` },
  );
}

/** What who listens shows, and whose certificates it asks for; undefined without a certificate. */
export function listenTls(files: TlsFiles): (TlsTexts & { cert: string; key: string }) | undefined {
  const { tlsCert, tlsKey, tlsCa } = files;
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const ca = tlsCa === undefined ? undefined : readPem(tlsCa, "ca");
  return { ...readPair(tlsCert, tlsKey), ca };
}

/** What who dials trusts and shows; undefined when no file was named. */
export function dialTls(files: TlsFiles): TlsTexts | undefined {
  checkPair(files);
  const shown = listenTls(files);
  if (shown || files.tlsCa === undefined) return shown;
  return { ca: readPem(files.tlsCa, "ca") };
}
