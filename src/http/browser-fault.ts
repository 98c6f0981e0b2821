import { isLoopback } from "../config/listen.ts";
import { DingError } from "../core/errors.ts";

/** How the port that a request came to is guarded. */
export interface Guard {
  /** What it listens on. */
  host: string;
  token: string | undefined;
}

/**
 * Why a request that a web page may have sent through somebody's browser is not
 * answered, or undefined. A page elsewhere may open a WebSocket to this machine
 * (only browsers send an Origin), and a name of its own may lead here (then Host
 * is that name), and it may send what a form can send; where a token is asked for, it has none.
 */
export function browserFault(
  { headers, method }: Request,
  isUpgrade: boolean,
  { host, token }: Guard,
): DingError | undefined {
  if (isUpgrade && headers.has("origin")) {
    return new DingError("auth.refused", "Cannot open a session for a web page", {
      hint: "Leave out the Origin header; sessions are for programs, not for browsers.",
    });
  }
  const asked = headers.get("host");
  if (token === undefined && isForeign(headers, asked) && !HARMLESS.has(method)) {
    return new DingError("auth.refused", "Cannot answer a web page of another site", {
      hint: "Leave out the Origin header, or start this server with a token.",
    });
  }
  if (token !== undefined || !isLoopback(host) || !asked) return undefined;
  const name = asked.replace(/:\d*$/, "");
  if (isLoopback(name) || bare(name) === bare(host)) return undefined;
  return new DingError("auth.refused", `Cannot answer request to host "${name}": this is ${host}`, {
    hint: `Address it as ${host}, or start it with a token.`,
  });
}

const HARMLESS = new Set(["GET", "HEAD"]);

/** Only browsers send an Origin; a page of this very port has its name. */
function isForeign(headers: Headers, host: string | null): boolean {
  const origin = headers.get("origin");
  return origin !== null && origin.replace(/^https?:\/\//, "") !== host;
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}
