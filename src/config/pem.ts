import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { DingError, messageOf } from "../core/errors.ts";

const HOLDS = {
  ca: ["certificate", /^-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/m],
  cert: ["certificate", /^-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/m],
  key: ["private key", /^-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/m],
} as const;

/** The text of a PEM file, or an error that names its option; also where the file holds another thing. */
export function readPem(path: string, option: "ca" | "cert" | "key"): string {
  const text = textOf(path, option);
  const [what, begin] = HOLDS[option];
  if (begin.test(text)) return text;
  throw invalid(path, option, {
    why: `it holds no ${what}`,
    hint: `Pass a PEM file, with a line -----BEGIN ${what.toUpperCase()}-----`,
  });
}

/** A certificate and its key; an error when the one is not of the other. */
export function readPair(certPath: string, keyPath: string): { cert: string; key: string } {
  const pair = { cert: readPem(certPath, "cert"), key: readPem(keyPath, "key") };
  if (belongs(pair)) return pair;
  throw invalid(keyPath, "key", {
    why: "it is not the key of the certificate",
    hint: `Pass the key that "${certPath}" was made with`,
  });
}

function textOf(path: string, option: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw invalid(path, option, { why: messageOf(cause), cause });
  }
}

/** What cannot be told here is told by whoever uses them. */
function belongs({ cert, key }: { cert: string; key: string }): boolean {
  const form = { type: "spki", format: "pem" } as const;
  try {
    const own = createPublicKey(createPrivateKey(key)).export(form);
    return new X509Certificate(cert).publicKey.export(form) === own;
  } catch {
    return true;
  }
}

function invalid(
  path: string,
  option: string,
  { why, hint, cause }: { why: string; hint?: string; cause?: unknown },
): DingError {
  const message = `Cannot use --tls-${option}: "${path}": ${why}`;
  return new DingError("usage.invalid-option", message, { ...(hint && { hint }), cause });
}
