import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { ServerTls } from "../runtime/http-server.ts";
import { serveFields } from "./options.ts";
import type { WorkerOutput } from "./worker-settings.ts";
import { DEFAULT_SERVE_PORT } from "./native/session-protocol.ts";

/** The numbers of a server, checked and with their defaults. */
export const serverSettings = z.object({
  host: z.string().default("127.0.0.1"),
  port: z.int().min(0).max(65_535).default(DEFAULT_SERVE_PORT),
  ...serveFields,
});

/** As they are once they are checked. */
export type ServerSettings = z.output<typeof serverSettings>;

/** What a server is made of; every field has a default, which is the command's. */
export interface ServerOptions extends z.input<typeof serverSettings> {
  /** Models, as the command takes them: file.ts, model.onnx, server.Worker, NAME=FILE, NAME@VERSION=FILE. */
  plugin?: string | readonly string[] | undefined;
  /** A folder with more models. */
  repository?: string | undefined;
  /** Load a model again when its file changes. */
  watch?: boolean | undefined;
  /** What callers must show. */
  token?: string | undefined;
  /** Listen beyond this machine without a token. */
  insecure?: boolean | undefined;
  tls?: ServerTls | undefined;
  log?: Logger | undefined;
  /** How much workers log to stderr; default "info". */
  logLevel?: string | undefined;
  /** Takes what workers print, line by line; default: our own stderr. */
  workerOutput?: WorkerOutput | undefined;
  clock?: Clock | undefined;
}
