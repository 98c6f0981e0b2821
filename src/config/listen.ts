import { z } from "zod";
import { DingError } from "../core/errors.ts";
import { checkPair, type TlsFiles } from "./tls-files.ts";

const NETWORK = "Network";
const SECURITY = "Security";
const OUTPUT = "Output";

/** The options that every listening role shares; a role spreads them into its own schema. */
export const listenOptions = {
  host: z
    .string()
    .default("127.0.0.1")
    .describe("Address to listen on; 0.0.0.0 for all")
    .meta({ group: NETWORK, placeholder: "HOST" }),
  tokenFile: z
    .string()
    .optional()
    .describe("File with the token that callers must show; DING_TOKEN may hold the token instead")
    .meta({ group: SECURITY, path: true }),
  insecure: z
    .boolean()
    .default(false)
    .describe("Listen beyond this machine without a token")
    .meta({ group: SECURITY }),
  tlsCert: z
    .string()
    .optional()
    .describe("Certificate for TLS, as PEM")
    .meta({ group: SECURITY, path: true }),
  tlsKey: z
    .string()
    .optional()
    .describe("Private key for TLS, as PEM")
    .meta({ group: SECURITY, path: true }),
  tlsCa: z
    .string()
    .optional()
    .describe("Certificates that sign callers' certificates: asks every caller for one")
    .meta({ group: SECURITY, path: true }),
  json: z
    .boolean()
    .default(false)
    .describe("Print data for programs: JSON to stdout")
    .meta({ group: OUTPUT }),
  logLevel: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("How much to log to stderr")
    .meta({ group: OUTPUT }),
};

/** The `port` of a role, with the role's own default. */
export function portOption(defaultPort: number): z.ZodDefault<z.ZodInt> {
  return z
    .int()
    .min(0)
    .max(65_535)
    .default(defaultPort)
    .describe("Port to listen on; 0 for a free one")
    .meta({ group: NETWORK });
}

/** What decides who may come in. */
export interface ListenOptions extends TlsFiles {
  host: string;
  port: number;
  insecure: boolean;
}

/** Refuses to let strangers in by oversight: beyond loopback it takes a token or --insecure. */
export function checkListen(options: ListenOptions, token: string | undefined): void {
  const { host, port, insecure, tlsCert, tlsCa } = options;
  if (!isLoopback(host) && token === undefined && !insecure) {
    throw invalid(
      `Cannot listen on ${host}:${port} without a token: other machines can reach it`,
      "Pass --token-file FILE or set DING_TOKEN; pass --insecure to let everybody in",
    );
  }
  checkPair(options);
  if (tlsCa !== undefined && tlsCert === undefined) {
    throw invalid(
      "Cannot use --tls-ca: it needs --tls-cert and --tls-key beside it",
      "Pass --tls-cert FILE and --tls-key FILE",
    );
  }
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return (
    bare === "localhost" ||
    bare === "::1" ||
    /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare)
  );
}

function invalid(message: string, hint: string): DingError {
  return new DingError("usage.invalid-option", message, { hint });
}
