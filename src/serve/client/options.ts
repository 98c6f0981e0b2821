import { LONGEST_TIMER_MS, systemClock, type Clock } from "../../core/clock.ts";
import { definedOf } from "../../core/defined.ts";
import { DingError } from "../../core/errors.ts";
import { newId } from "../../core/id.ts";
import { silentLogger, type Logger } from "../../core/log.ts";
import type { ClientTls } from "../../runtime/web-socket.ts";
import { parseServer, type ServerAddress } from "./server-address.ts";

/** What a client is made of; every field has a default. */
export interface ClientOptions {
  /** Host of the server, or its URL; default localhost. */
  ip?: string;
  /** Default 8900. */
  port?: number;
  /** Taken and not used: one port serves all. */
  portOut?: number;
  /** Taken and not used: everything travels as msgpack. */
  protocol?: string;
  /** Several servers that serve the same, in place of `ip` and `port`: HOST:PORT or URLs. */
  servers?: readonly string[] | undefined;
  /** Shown to the servers. */
  token?: string | undefined;
  /** What to trust and to show; with it servers are reached by TLS. */
  tls?: ClientTls | undefined;
  /** The model to ask; may be left out where a server has one alone. */
  model?: string | undefined;
  /** Its version; the one that is served by default if not given. */
  version?: string | undefined;
  /** 1 is served first; the model's own if not given. */
  priority?: number | undefined;
  /** Clients of one identity may hear each other's answers; default a fresh UUID. */
  identity?: string | undefined;
  /** May others of the same identity hear the answers to this client? Default true. */
  broadcast?: boolean;
  /** How long a request may take, waiting for a place and for servers to come back included; default 900,000. */
  timeoutMs?: number;
  /** How long no server may be reachable before requests fail; default 10,000. */
  connectTimeoutMs?: number;
  /** How long to bear a silent server; default 10,000. */
  toleranceMs?: number;
  /** How often to tell an idle server that the client is alive; default 3,000. */
  heartbeatMs?: number;
  /** Refuse a server of another major or minor version; default true. */
  checkVersion?: boolean;
  /** Refuse a text or a list that is longer than the model says it takes; default false. */
  checkLength?: boolean;
  /** Look at nothing that a server says of itself; default false. */
  ignoreAllChecks?: boolean;
  /** Log what a server says of itself; default false. */
  showServerConfig?: boolean;
  /** How often a request is sent again that was lost with its server; with 0 a busy server is an error, too. Default 3. */
  retries?: number;
  /** Most requests at a time that wait for their answers, the rest waits here; default 1,024. */
  window?: number;
  /**
   * Share no connection with other clients of this process that reach a server in the same way, for example because a
   * proxy spreads connections over servers; default false.
   */
  ownConnection?: boolean;
  log?: Logger;
  clock?: Clock;
}

/** The options with all defaults. */
export interface ClientSettings {
  servers: readonly ServerAddress[];
  token: string | undefined;
  tls: ClientTls | undefined;
  model: string | undefined;
  version: string | undefined;
  priority: number | undefined;
  identity: string;
  broadcast: boolean;
  timeoutMs: number;
  connectTimeoutMs: number;
  toleranceMs: number;
  heartbeatMs: number;
  checkVersion: boolean;
  checkLength: boolean;
  ignoreAllChecks: boolean;
  showServerConfig: boolean;
  retries: number;
  window: number;
  ownConnection: boolean;
  log: Logger;
  clock: Clock;
}

const DEFAULTS = {
  broadcast: true,
  timeoutMs: 900_000,
  connectTimeoutMs: 10_000,
  toleranceMs: 10_000,
  heartbeatMs: 3_000,
  checkVersion: true,
  checkLength: false,
  ignoreAllChecks: false,
  showServerConfig: false,
  retries: 3,
  window: 1_024,
  ownConnection: false,
  log: silentLogger,
  clock: systemClock,
};

/** Fills in the defaults; throws `usage.invalid-option`. */
export function clientSettings(options: ClientOptions): ClientSettings {
  const { token, tls, model, version, priority, identity = newId() } = options;
  const filled = { ...DEFAULTS, ...definedOf(options) };
  checkNumber(filled.timeoutMs, "timeoutMs", { from: 1, to: LONGEST_TIMER_MS });
  checkNumber(filled.connectTimeoutMs, "connectTimeoutMs", { from: 1, to: LONGEST_TIMER_MS });
  checkNumber(filled.toleranceMs, "toleranceMs", { from: 30, to: LONGEST_TIMER_MS });
  checkNumber(filled.heartbeatMs, "heartbeatMs", { from: 10, to: LONGEST_TIMER_MS });
  checkNumber(filled.retries, "retries", { from: 0, to: 1_000_000 });
  checkNumber(filled.window, "window", { from: 1, to: 1_000_000 });
  if (identity === "" || identity.length > 1_024) {
    throw invalid("identity", "expected a text of 1 to 1,024 letters");
  }
  return {
    ...filled,
    servers: serversOf(options),
    token,
    tls,
    model,
    version: version === undefined ? undefined : String(version),
    priority,
    identity,
  };
}

function serversOf({ servers, ip = "localhost", port, tls }: ClientOptions): ServerAddress[] {
  const isTls = tls !== undefined;
  if (!servers) {
    if (port !== undefined) checkNumber(port, "port", { from: 1, to: 65_535 });
    return [parseServer(ip, { port, isTls })];
  }
  const parsed = new Map<string, ServerAddress>();
  for (const text of servers) {
    const address = parseServer(text, { port, isTls });
    parsed.set(address.sessionUrl, address);
  }
  if (parsed.size === 0) throw invalid("servers", "expected at least one HOST:PORT");
  return [...parsed.values()];
}

/** Throws unless it is a whole number between these two. */
export function checkNumber(
  value: unknown,
  name: string,
  { from, to }: { from: number; to: number },
): void {
  if (Number.isInteger(value) && (value as number) >= from && (value as number) <= to) return;
  const got = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw invalid(name, `expected a whole number from ${from} to ${to}: got ${got}`);
}

function invalid(name: string, why: string): DingError {
  return new DingError("usage.invalid-option", `Cannot use client options: "${name}": ${why}`);
}
