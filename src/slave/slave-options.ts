import { z } from "zod";
import { DEFAULT_SLAVE_PORT } from "../config/address.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { ServerTls } from "../runtime/http-server.ts";
import type { ClientTls } from "../runtime/web-socket.ts";
import { slaveFields } from "./options.ts";

/** The numbers of a slave, checked and with their defaults. */
export const slaveSettings = z.object({
  host: z.string().default("127.0.0.1"),
  port: z.int().min(0).max(65_535).default(DEFAULT_SLAVE_PORT),
  ...slaveFields,
});

/** What a slave is made of; every field has a default, which is the command's. */
export interface SlaveOptions extends z.input<typeof slaveSettings> {
  /** What it is called in results and logs; host:port if not given. */
  name?: string | undefined;
  /** What the status calls the plugin. */
  plugin?: string | undefined;
  /** What callers must show. */
  token?: string | undefined;
  /** Listen beyond this machine without a token. */
  insecure?: boolean | undefined;
  tls?: ServerTls | undefined;
  /** Masters to dial, HOST:PORT. */
  join?: readonly string[] | undefined;
  /** What to trust when dialling them by TLS. */
  joinTls?: ClientTls | undefined;
  allowDiEngine?: boolean | undefined;
  allowCallback?: readonly string[] | undefined;
  log?: Logger | undefined;
  clock?: Clock | undefined;
}
