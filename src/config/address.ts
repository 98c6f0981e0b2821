import { isIPv6 } from "node:net";

/** The ancestor's port for slaves. */
export const DEFAULT_SLAVE_PORT = 7236;

const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?$/;

/** What `HOST`, `HOST:PORT` or `[::1]:PORT` names; throws an Error that says what is wrong with it. */
export function parseAddress(text: string): { host: string; port: number | undefined } {
  if (isIPv6(text)) return { host: text.toLowerCase(), port: undefined };
  const scheme = /^[a-z]+:\/\//i.exec(text)?.[0];
  if (scheme) throw new Error(`"${scheme}" is not part of HOST:PORT`);
  const literal = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  const [host, port] = literal
    ? [literal[1] ?? "", literal[2]]
    : (text.split(/:(.*)/s) as [string, string | undefined]);
  if (literal ? !isIPv6(host) : !HOST.test(host)) {
    throw new Error(host === "" ? "the host is missing" : `"${host}" is not a host`);
  }
  return { host: host.toLowerCase(), port: parsePort(port) };
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new Error(text === "" ? "the port after ':' is missing" : `"${text}" is not a port`);
}

/** What is wrong with a text that must be `HOST:PORT`, the port included; undefined if nothing. */
export function faultOfAddress(text: string): string | undefined {
  let fault = "the port is missing";
  try {
    if (parseAddress(text).port !== undefined) return undefined;
  } catch (error) {
    fault = (error as Error).message;
  }
  return `${fault}; write HOST:PORT, for example n1:7235 or [::1]:7235`;
}
