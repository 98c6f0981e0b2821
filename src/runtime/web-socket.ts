import { NetworkError, messageOf } from "../core/errors.ts";
import { deno } from "./deno.ts";
import { probePort } from "./probe.ts";
import { wrapWebSocket, type OnSocket } from "./socket.ts";

/** What a dialling TLS end trusts and shows, as text in PEM. */
export interface ClientTls {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** How a WebSocket is dialled. */
export interface DialOptions {
  headers?: Record<string, string>;
  tls?: ClientTls | undefined;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** Opens a WebSocket to a ws: or wss: URL, or rejects with a NetworkError; each try within `timeoutMs`. */
export async function dialWebSocket(
  url: string,
  options: DialOptions,
  onSocket: OnSocket,
): Promise<void> {
  try {
    return await dialOnce(url, options, onSocket);
  } catch (thrown) {
    const isUnclear = thrown instanceof NetworkError && thrown.details["isUnclear"] === true;
    if (!isUnclear) throw thrown;
    // Nobody was there, and when the port was looked at, somebody was: perhaps it has just been opened.
    return dialOnce(url, options, onSocket);
  }
}

function dialOnce(
  url: string,
  { headers = {}, tls, timeoutMs, signal }: DialOptions,
  onSocket: OnSocket,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const socket = new WebSocket(url, socketOptions(headers, tls) as unknown as string[]);
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.onopen = socket.onerror = socket.onclose = null;
      end();
    };
    const giveUp = (error: Error): void =>
      settle(() => {
        socket.addEventListener("error", () => {});
        socket.close();
        reject(error);
      });
    const onAbort = (): void => giveUp(signal?.reason as Error);
    const timer = setTimeout(
      () =>
        giveUp(
          new NetworkError("network.timeout", `Cannot reach ${url}: no answer in ${timeoutMs} ms`),
        ),
      timeoutMs,
    );
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.onopen = () => settle(() => resolve(wrapWebSocket(socket, onSocket)));
    const onFailure = (message: string): void => {
      socket.onerror = socket.onclose = null;
      void dialError(url, message).then(giveUp);
    };
    socket.onerror = (event) => onFailure(messageOf((event as ErrorEvent).message));
    socket.onclose = () => onFailure("closed");
  });
}

/** The two runtimes take headers in the same place, and trust in different ones. */
function socketOptions(headers: Record<string, string>, tls: ClientTls | undefined): object {
  if (!tls) return { headers };
  const { ca, cert, key } = tls;
  if (!deno) return { headers, tls: { ca, cert, key } };
  const client = deno.createHttpClient({
    ...(ca ? { caCerts: [ca] } : {}),
    ...(cert && key ? { cert, key } : {}),
  });
  return { headers, client };
}

function dialHint(protocol: string, message: string): string {
  if (protocol !== "wss:") {
    return "Something listens there, but it does not speak this protocol; a port with TLS needs --tls-ca FILE.";
  }
  if (/WRONG_VERSION_NUMBER/.test(message)) {
    return "What listens there does not speak TLS: write http://, and leave --tls-ca and --tls-cert out.";
  }
  return "Its certificate is not trusted, or it wants one: pass --tls-ca FILE, and --tls-cert and --tls-key where it asks for them.";
}

/** A WebSocket does not say why it could not be opened: the HTTP status is in the text, the rest is asked of the port. */
async function dialError(url: string, message: string): Promise<NetworkError> {
  const status = /status(?: code)?:?\s*(\d{3})/i.exec(message)?.[1];
  if (status) {
    return new NetworkError(
      "network.protocol",
      `Cannot open a session at ${url}: the answer was HTTP ${status}`,
      { details: { status: Number(status) } },
    );
  }
  const { hostname, port, protocol } = new URL(url);
  const problem = await probePort(hostname, Number(port) || (protocol === "wss:" ? 443 : 80));
  if (problem) return problem;
  return new NetworkError("network.protocol", `Cannot open a session at ${url}: ${message}`, {
    hint: dialHint(protocol, message),
    details: /invalid (?:response|http)/i.test(message)
      ? { isOtherProtocol: true }
      : { isUnclear: true },
  });
}
