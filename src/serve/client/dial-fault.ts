import { DingError, NetworkError } from "../../core/errors.ts";
import { HttpClient } from "../../http/client.ts";
import { requestJson } from "../../http/json-client.ts";
import type { ClientTls } from "../../runtime/web-socket.ts";
import type { ServerAddress } from "./server-address.ts";

/** What it takes to ask the server in plain HTTP. */
export interface ExplainOptions {
  token: string | undefined;
  tls: ClientTls | undefined;
  signal: AbortSignal;
}

const PATIENCE_MS = 2_000;

/**
 * Why a session could not be opened: a WebSocket does not say with what it was
 * answered, so the same place is asked again in plain HTTP.
 */
export async function explainDial(
  error: DingError,
  { name, probeUrl }: ServerAddress,
  { token, tls, signal }: ExplainOptions,
): Promise<DingError> {
  if (error.code !== "network.protocol" || error.details["refused"] === true) return error;
  // A proxy in front of a server that is away.
  if (Number(error.details["status"]) >= 500) return error;
  using http = new HttpClient({ tls });
  try {
    await requestJson(http, {
      method: "GET",
      url: probeUrl,
      token,
      signal,
      timeoutMs: PATIENCE_MS,
    });
  } catch (thrown) {
    const told = DingError.from(thrown);
    if (told.code.startsWith("auth.")) return told;
    if (!NOT_OURS.has(told.code)) return error;
  }
  return notOurs(name, error);
}

/** What our own route never says to who asks it in plain HTTP. */
const NOT_OURS = new Set(["http.not-found", "peer.refused", "network.protocol"]);

function notOurs(name: string, cause: DingError): NetworkError {
  return new NetworkError(
    "network.protocol",
    `Cannot open a session at ${name}: what listens there is no ding serve`,
    { cause, hint: "Check host and port; `ding serve` says in its ready line where it listens." },
  );
}
