import { parseAddress } from "../../config/address.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import { urlOf } from "../../runtime/url.ts";
import { DEFAULT_SERVE_PORT, SERVE_SESSION_PATH } from "../native/session-protocol.ts";

/** One server, and how it is reached. */
export interface ServerAddress {
  /** As errors name it: "host:port". */
  readonly name: string;
  /** For sessions: ws: or wss:. */
  readonly sessionUrl: string;
  /** The same place over HTTP. */
  readonly probeUrl: string;
}

/** What a text without a scheme or a port means. */
export interface AddressDefaults {
  port?: number | undefined;
  isTls?: boolean | undefined;
}

/** What `HOST`, `HOST:PORT`, `http://HOST:PORT` or `https://HOST` names; throws `usage.invalid-option`. */
export function parseServer(
  text: string,
  { port, isTls = false }: AddressDefaults = {},
): ServerAddress {
  if (/^[a-z]+:\/\//i.test(text)) return parseUrl(text, port);
  // As a host it would be an address of 32 bits, far from here.
  if (/^\d+$/.test(text)) throw invalid(text, "a port needs a host before it");
  try {
    const address = parseAddress(text);
    const host = reachable(address.host);
    return addressOf(
      urlOf(host, address.port ?? port ?? DEFAULT_SERVE_PORT, isTls ? {} : undefined),
      "",
    );
  } catch (thrown) {
    throw invalid(text, messageOf(thrown));
  }
}

function parseUrl(text: string, givenPort: number | undefined): ServerAddress {
  const url = URL.parse(text);
  if (!url || !/^(?:https?|wss?):$/.test(url.protocol) || url.hostname === "") {
    throw invalid(text, "it is no URL of a server");
  }
  if (url.username !== "" || url.search !== "" || url.hash !== "") {
    throw invalid(text, "it may hold a scheme, a host, a port and a path, and nothing else");
  }
  const isTls = url.protocol === "https:" || url.protocol === "wss:";
  const port = Number(url.port) || givenPort || (isTls ? 443 : 80);
  const base = urlOf(reachable(url.hostname), port, isTls ? {} : undefined);
  return addressOf(base, url.pathname.replace(/\/+$/, ""));
}

/** Where a server listens on all its addresses, this machine is meant: nothing else can be dialled by such a name. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" || host === "[::]" ? "::1" : host;
}

function addressOf(base: string, path: string): ServerAddress {
  const probeUrl = `${base}${path}${SERVE_SESSION_PATH}`;
  return {
    name: base.replace(/^https?:\/\//, ""),
    sessionUrl: probeUrl.replace(/^http/, "ws"),
    probeUrl,
  };
}

function invalid(text: string, why: string): DingError {
  return new DingError("usage.invalid-option", `Cannot use server "${text}": ${why}`, {
    hint: "Write HOST:PORT, for example 127.0.0.1:8900, or https://HOST:PORT.",
  });
}
