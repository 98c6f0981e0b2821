import type { Logger } from "../core/log.ts";
import { listenHttp, type ListeningApp } from "../http/listen.ts";
import { acceptLink } from "../link/websocket.ts";
import type { Master } from "../master/master.ts";
import { JOIN_PATH } from "../protocol/task-session.ts";
import type { RequestInfo, ServerTls } from "../runtime/http-server.ts";
import { localAddressTo } from "../runtime/probe.ts";
import { urlOf } from "../runtime/url.ts";
import { coordinatorApp, type CoordinatorAppOptions } from "./routes.ts";
import type { WorkerGate } from "./worker-link/worker-gate.ts";
import { type LinkTarget, WORKER_PATH } from "./worker-link/worker-link.ts";
import type { Roster } from "./workers/roster.ts";
import type { Worker } from "./workers/worker.ts";

/** What the port of a coordinator stands on. */
export interface DoorsOptions {
  host: string;
  port: number;
  token: string | undefined;
  tls: ServerTls | undefined;
  advertise: string | undefined;
  toleranceMs: number;
  /** How long the code of a worker may be silent. */
  leaseMs: number;
  master: Master;
  gate: WorkerGate;
  roster: () => Roster | undefined;
  app: CoordinatorAppOptions;
  log: Logger;
}

const PROBE_MS = 5_000;

/** The one port: routes, slaves that join, links of their processes. Knows by which address each of them gets here. */
export class Doors {
  readonly #options: DoorsOptions;
  /** By which Host a slave has dialled. */
  readonly #dialled = new Map<string, string>();
  #listening: ListeningApp | undefined;

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  async open(): Promise<ListeningApp> {
    const { host, port, token, tls, gate, app, log } = this.#options;
    this.#listening = await listenHttp(coordinatorApp(app), {
      host,
      port,
      tls,
      token,
      sockets: {
        [JOIN_PATH]: (request, info) => this.#join(request, info),
        [WORKER_PATH]: (request, info) => acceptLink(request, info, (link) => gate.accept(link)),
      },
    });
    log.info(`listening on ${this.#listening.address}`);
    return this.#listening;
  }

  /** How the process of a worker gets here. */
  async target(worker: Worker, ticket: string): Promise<LinkTarget> {
    const { token, tls, toleranceMs, leaseMs } = this.#options;
    const url = `${tls ? "wss" : "ws"}://${await this.#addressFor(worker)}${WORKER_PATH}`;
    return { url, ticket, token, toleranceMs, leaseMs, ...(tls && { ca: tls.ca ?? tls.cert }) };
  }

  #join(request: Request, info: RequestInfo): Response {
    const { master, roster } = this.#options;
    const boot = new URL(request.url).searchParams.get("boot") ?? "";
    // It was let go of. It asks again and again, ever more seldom.
    if (roster()?.admits(boot) === false) return new Response("not wanted here", { status: 409 });
    const host = request.headers.get("host");
    if (host !== null && boot !== "") this.#dialled.set(boot, host);
    return master.acceptJoin(request, info);
  }

  async #addressFor({ connection }: Worker): Promise<string> {
    const { advertise, master, host } = this.#options;
    const listening = this.#listening;
    if (advertise !== undefined) return advertise;
    const dialled = this.#dialled.get(master.bootOf(connection) ?? "");
    if (dialled !== undefined) return dialled;
    const bare = host.replace(/^\[(.*)\]$/, "$1");
    if (bare !== "0.0.0.0" && bare !== "::") return listening?.address ?? "";
    const own = await localAddressTo(connection, PROBE_MS);
    return new URL(urlOf(own, listening?.port ?? 0)).host;
  }
}
