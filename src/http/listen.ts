import { CODES, NetworkError, type DingError } from "../core/errors.ts";
import type { HttpClient } from "./client.ts";
import { isBearer } from "./bearer.ts";
import { browserFault } from "./browser-fault.ts";
import { Parting } from "./parting.ts";
import { SocketLimit } from "./socket-limit.ts";
import { COMMON_FAILURE, failureEnvelope } from "../protocol/envelope.ts";
import { FRAME_LIMIT_BYTES } from "../protocol/limits.ts";
import { probePort } from "../runtime/probe.ts";
import {
  serveHttp,
  type HttpServer,
  type RequestInfo,
  type ServerTls,
} from "../runtime/http-server.ts";
import { bracketed } from "../runtime/url.ts";

/** Turns a request into a WebSocket; returns the answer. */
export type SocketRoute = (request: Request, info: RequestInfo) => Response;

/** What a role's port needs besides its routes. */
export interface ListenHttpOptions {
  host: string;
  port: number;
  tls?: ServerTls | undefined;
  token: string | undefined;
  /** WebSocket endpoints by path. */
  sockets?: Record<string, SocketRoute>;
  /** The longest frame; bodies have limits of their own. */
  maxBytes?: number;
  /** How many WebSockets may be open at once; default 4,096. */
  maxSockets?: number;
}

/** What every request's handler finds in its environment. */
export interface HttpBindings {
  info: RequestInfo;
}

/** A port with a role's routes. Disposing cuts what is still open. */
export interface ListeningApp extends AsyncDisposable {
  readonly port: number;
  /** host:port */
  readonly address: string;
  readonly url: string;
  /** True when the port answers, and it is this process that does; over TLS, when the port is open. */
  ping(http: HttpClient, selfToken: string): Promise<boolean>;
  /** From now on each answer closes its connection: `finish` is to come, and cuts off nobody between two requests. */
  part(): void;
  /** Listens no more; resolves when every request that is here has its whole answer and no WebSocket is open. */
  finish(): Promise<void>;
}

const PING_TIMEOUT_MS = 2_000;
const MOST_SOCKETS = 4_096;

/** A role's routes. */
export interface RoleApp {
  fetch(request: Request, env: HttpBindings): Response | Promise<Response>;
  /** Answers a request that may not come to the routes, where its path has errors of its own; undefined elsewhere. */
  refuse?(request: Request, fault: DingError): Response | undefined;
}

/** Serves a role's app and its WebSockets on one port. */
export async function listenHttp(
  app: RoleApp,
  { host: written, port, tls, token, sockets = {}, ...limits }: ListenHttpOptions,
): Promise<ListeningApp> {
  // As it stands in a URL, or bare.
  const host = written.replace(/^\[(.*)\]$/, "$1");
  const { maxBytes = FRAME_LIMIT_BYTES, maxSockets = MOST_SOCKETS } = limits;
  const limit = new SocketLimit(maxSockets);
  const parting = new Parting();
  const guard = { host, token };
  /** The last Host that was let in: nearly all requests come by the same name. */
  let knownHost: string | null = null;
  const server = await serveHttp({
    host,
    port,
    tls,
    maxBytes,
    fetch: parting.around((given, info) => {
      const { headers } = given;
      const isUpgrade = headers.get("upgrade")?.toLowerCase() === "websocket";
      const asked = headers.get("host");
      const request = asked ? given : withHost(given, host);
      if (isUpgrade || !asked || asked !== knownHost || headers.has("origin")) {
        const fault = browserFault(request, isUpgrade, guard);
        if (fault) return app.refuse?.(request, fault) ?? refusal(fault);
        knownHost = asked;
      }
      if (isUpgrade) {
        const route = sockets[new URL(request.url).pathname];
        if (route && (token === undefined || isBearer(request, token))) {
          return limit.isReached
            ? refusal(fullError(maxSockets))
            : route(request, limit.counted(info));
        }
      }
      return app.fetch(request.method === "HEAD" ? asGet(request) : request, { info });
    }),
  });
  return listening(server, host, parting);
}

/** HTTP/1.0 may leave out the host, and who has none may say so: the URL is then nothing but a path. */
function withHost(request: Request, host: string): Request {
  if (!request.url.startsWith("/")) return request;
  return new Request(`http://${bracketed(host)}${request.url}`, request);
}

/** The runtime leaves the body away, and tells how long it is: an app that does so itself would say 0. */
function asGet(request: Request): Request {
  return new Request(request, { method: "GET" });
}

function fullError(most: number): DingError {
  return new NetworkError("network.closed", `Cannot open a WebSocket: ${most} are open`, {
    hint: "Close some, or come back later.",
  });
}

/** A refusal from before the app; in the envelope of the house all the same. */
function refusal(error: DingError): Response {
  const own = { code: COMMON_FAILURE, message: error.message };
  const envelope = failureEnvelope(own, error.message, { error: error.toJSON() });
  return Response.json(envelope, { status: CODES[error.code].http });
}

function listening(server: HttpServer, host: string, parting: Parting): ListeningApp {
  const { port } = server;
  // Every address of this machine is none that one can open.
  const url = server.url.replace("//0.0.0.0", "//127.0.0.1").replace("//[::]", "//[::1]");
  const own = new URL(url);
  return {
    port,
    url,
    address: `${bracketed(host)}:${port}`,
    async ping(http, selfToken) {
      // Its own certificate need not be one that it would trust itself.
      if (own.protocol === "https:") return (await probePort(own.hostname, port)) === undefined;
      try {
        const { status } = await http.request({
          method: "GET",
          url: new URL("/ping", own),
          headers: { Token: selfToken },
          timeoutMs: PING_TIMEOUT_MS,
        });
        return status === 200;
      } catch {
        return false; // nobody answers: that is what was asked
      }
    },
    part: () => parting.begin(),
    async finish() {
      await parting.hold();
      const finished = server.finish();
      parting.release();
      await finished;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
