import { lookup } from "node:dns/promises";
import { DingError, NetworkError, messageOf } from "../core/errors.ts";
import { deno } from "./deno.ts";
import { serveBun } from "./http-server-bun.ts";
import { wrapWebSocket, type OnSocket } from "./socket.ts";
import { urlOf } from "./url.ts";

/** The files of a listening TLS end, as text in PEM. With `ca`, clients must show a certificate of it. */
export interface ServerTls {
  cert: string;
  key: string;
  ca?: string | undefined;
}

/** What a request brings besides itself. */
export interface RequestInfo {
  readonly remoteAddress: string;
  /** Makes this request a WebSocket; return what it returns. */
  upgrade(request: Request, onSocket: OnSocket): Response;
}

/** One listening port. Disposing stops listening and cuts what is still open. */
export interface HttpServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Listens no more; resolves when every request that is here has its whole answer and no WebSocket is open. */
  finish(): Promise<void>;
}

/** What `serveHttp` needs to know. Port 0 picks a free one. */
export interface ServeOptions {
  host: string;
  port: number;
  tls?: ServerTls | undefined;
  /** Frames beyond this many bytes are cut off by the runtime; bodies are the reader's affair. */
  maxBytes: number;
  fetch: (request: Request, info: RequestInfo) => Response | Promise<Response>;
}

/** Listens, or rejects with `network.in-use` and a hint. */
export async function serveHttp(options: ServeOptions): Promise<HttpServer> {
  try {
    return deno ? serveDeno(options) : serveBun(options);
  } catch (thrown) {
    throw await listenError(options, thrown);
  }
}

/** Bun takes a host that it cannot find for a port in use: the name is looked up here. */
async function listenError({ host, port }: ServeOptions, cause: unknown): Promise<DingError> {
  const { code } = cause as { code?: string };
  const isThere = await lookup(host).then(
    () => true,
    () => false,
  );
  const elsewhere = isThere ? "it is no address of this machine" : "no such host";
  if (!isThere || code === "EADDRNOTAVAIL") {
    return new DingError("network.in-use", `Cannot listen on ${host}:${port}: ${elsewhere}`, {
      hint: "Pass --host with an address of this machine, or 0.0.0.0 for all of them.",
      cause,
    });
  }
  if (code === "EADDRINUSE" || /in use|EADDRINUSE/i.test(messageOf(cause))) {
    return new NetworkError("network.in-use", `Cannot listen on ${host}:${port}: address in use`, {
      hint: "Pass --port 0 for a free port, or stop what listens there.",
      cause,
    });
  }
  const message = `Cannot listen on ${host}:${port}: ${messageOf(cause)}`;
  return new DingError("network.in-use", message, { cause });
}

function serveDeno({ host, port, tls, fetch }: ServeOptions): HttpServer {
  if (!deno) throw new DingError("internal.bug", "Cannot serve: Deno is not there");
  const api = deno;
  if (tls?.ca) {
    throw new DingError("usage.invalid-option", "Cannot check client certificates under Deno", {
      hint: "Use the ding binary for --tls-ca.",
    });
  }
  const sockets = new Set<WebSocket>();
  const server = api.serve(
    {
      hostname: host,
      port,
      ...(tls ? { cert: tls.cert, key: tls.key } : {}),
      onListen() {},
    },
    (request, info) =>
      fetch(request, {
        remoteAddress: info.remoteAddr.hostname,
        upgrade(from, onSocket) {
          const { socket, response } = api.upgradeWebSocket(from, { idleTimeout: 0 });
          sockets.add(socket);
          socket.addEventListener("close", () => sockets.delete(socket));
          socket.addEventListener("open", () => wrapWebSocket(socket, onSocket));
          return response;
        },
      }),
  );
  return {
    port: server.addr.port,
    url: urlOf(host, server.addr.port, tls),
    finish: () => server.shutdown(),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.close();
      await server.shutdown();
    },
  };
}
