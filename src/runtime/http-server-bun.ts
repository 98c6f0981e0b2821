import type { ServerWebSocket } from "bun";
import type { HttpServer, ServeOptions } from "./http-server.ts";
import { UNSUPPORTED_DATA, type OnSocket, type SocketEvents } from "./socket.ts";
import { urlOf } from "./url.ts";

interface SocketData {
  onSocket: OnSocket;
  events?: SocketEvents;
}

/** Bun queues this much for a slow reader before it drops; our own window is far below. */
const BACKPRESSURE_LIMIT_BYTES = 1024 ** 3;

/** Whoever reads a body stops at its limit and says so; Bun's own 413 says nothing. Unread bodies are not kept. */
const BODIES_ARE_COUNTED_LATER = Number.MAX_SAFE_INTEGER;

/** A request cannot wait for its handler longer than the body takes: handlers bound their own waits. */
const NO_IDLE_TIMEOUT = 0;

/** `serveHttp` under Bun. */
export function serveBun({ host, port, tls, maxBytes, fetch }: ServeOptions): HttpServer {
  const server = Bun.serve<SocketData>({
    hostname: host,
    port,
    idleTimeout: NO_IDLE_TIMEOUT,
    maxRequestBodySize: BODIES_ARE_COUNTED_LATER,
    ...(tls ? { tls: tlsOptions(tls) } : {}),
    fetch(request, bun) {
      return fetch(request, {
        // Asked for by few; of a request that is over nobody knows any more.
        get remoteAddress() {
          return bun.requestIP(request)?.address ?? "";
        },
        upgrade(from, onSocket) {
          if (bun.upgrade(from, { data: { onSocket } })) return undefined as unknown as Response;
          return new Response("Expected a WebSocket upgrade", { status: 426 });
        },
      });
    },
    websocket: {
      maxPayloadLength: maxBytes,
      backpressureLimit: BACKPRESSURE_LIMIT_BYTES,
      idleTimeout: NO_IDLE_TIMEOUT,
      sendPings: false,
      perMessageDeflate: false,
      open(socket) {
        // The default, a Buffer, costs fresh pages of memory for every large message.
        socket.binaryType = "uint8array";
        socket.data.events = socket.data.onSocket({
          send: (bytes) => socket.readyState === WebSocket.OPEN && socket.send(bytes) !== 0,
          close: (code, reason) => socket.close(code, reason),
          terminate: () => socket.terminate(),
        });
      },
      message(socket: ServerWebSocket<SocketData>, message: string | Uint8Array) {
        if (typeof message === "string") socket.close(UNSUPPORTED_DATA, "binary messages only");
        else socket.data.events?.message(message);
      },
      close: (socket, code, reason) => socket.data.events?.close(code, reason),
    },
  });
  return {
    port: server.port ?? port,
    url: urlOf(host, server.port ?? port, tls),
    finish: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

function tlsOptions(tls: NonNullable<ServeOptions["tls"]>): Bun.TLSOptions {
  const { cert, key, ca } = tls;
  return ca ? { cert, key, ca, requestCert: true, rejectUnauthorized: true } : { cert, key };
}
