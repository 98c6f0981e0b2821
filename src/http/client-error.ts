import { NetworkError, messageOf } from "../core/errors.ts";
import { UNREACHABLE } from "../runtime/probe.ts";

/** Failures of a connection that stood: the request may have arrived. */
const CLOSED = new Set(["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"]);

/** A request as error messages name it: without user, password and query. */
export interface RequestName {
  method: string;
  url: URL;
}

/** "POST http://host:port/path" */
export function callName({ method, url }: RequestName): string {
  return `${method} ${url.origin}${url.pathname}`;
}

/** What node says about a failed request, in the house's terms. */
export function clientError(
  thrown: unknown,
  name: RequestName,
  isConnected: boolean,
): NetworkError {
  if (thrown instanceof NetworkError) return thrown;
  const known = (thrown as { code?: unknown }).code;
  const errorCode = typeof known === "string" ? known : "";
  const options = { cause: thrown };
  const unreachable = UNREACHABLE[errorCode];
  if (unreachable) {
    const [code, reason] = unreachable;
    return new NetworkError(code, `Cannot reach ${name.url.origin}: ${reason}`, options);
  }
  if (errorCode.startsWith("HPE_")) {
    const message = `Cannot read answer of ${callName(name)}: it is no HTTP`;
    return new NetworkError("network.protocol", message, options);
  }
  if (!isConnected) {
    const reason = errorCode === "ECONNRESET" ? "the connection was cut" : messageOf(thrown);
    return new NetworkError(
      "network.unreachable",
      `Cannot reach ${name.url.origin}: ${reason}`,
      options,
    );
  }
  const reason = CLOSED.has(errorCode) ? "the connection was closed" : messageOf(thrown);
  return new NetworkError(
    "network.closed",
    `Cannot read answer of ${callName(name)}: ${reason}`,
    options,
  );
}
