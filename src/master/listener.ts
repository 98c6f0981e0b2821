import { checkListen, isLoopback } from "../config/listen.ts";
import type { Clock } from "../core/clock.ts";
import { DingError, NetworkError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { HttpClient } from "../http/client.ts";
import { listenHttp, type ListeningApp } from "../http/listen.ts";
import type { Link } from "../link/link.ts";
import { acceptLink } from "../link/websocket.ts";
import { JOIN_PATH } from "../protocol/task-session.ts";
import type { ServerTls } from "../runtime/http-server.ts";
import { bracketed } from "../runtime/url.ts";
import type { ClientTls } from "../runtime/web-socket.ts";
import { Callbacks } from "./callbacks.ts";
import { JoinedSlave } from "./joined-slave.ts";
import { masterApp } from "./routes.ts";

/** What a master's port needs. */
export interface ListenerOptions {
  channel: number;
  host: string;
  port: number | undefined;
  defaultPort: number;
  /** How slaves reach it, if that cannot be found out. */
  address: string | undefined;
  token: string | undefined;
  insecure: boolean;
  tls: ServerTls | undefined;
  slaveTls: ClientTls | undefined;
  selfToken: string;
  clock: Clock;
  log: Logger;
  onShutdown: () => void;
  isStopping: () => boolean;
  /** A slave has dialled in; one that comes back is the same. */
  onJoin: (slave: JoinedSlave) => void;
}

/** The master's port: results and heartbeats of the HTTP dialect, slaves that dial in. Opened when needed. */
export class MasterListener implements AsyncDisposable {
  readonly #options: ListenerOptions;
  readonly #joined = new Map<string, JoinedSlave>();
  readonly http: HttpClient;
  readonly callbacks = new Callbacks();
  #opening: Promise<ListeningApp> | undefined;
  #listening: ListeningApp | undefined;
  #isDisposed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.http = new HttpClient({ tls: options.slaveTls });
  }

  /** host:port while it listens. */
  get address(): string | undefined {
    return this.#listening?.address;
  }

  /** Listens, once; resolves with host:port. */
  async open(): Promise<string> {
    if (this.#isDisposed) throw stoppingError();
    this.#opening ??= this.#open();
    this.#listening = await this.#opening;
    return this.#listening.address;
  }

  /** The URL that slaves call back; `localHost` is this end's address on the way to the slave. */
  async callbackUrl(localHost: string): Promise<string> {
    const { address, host } = this.#options;
    if (address === undefined && isLoopback(host) && !isLoopback(localHost)) {
      throw unreachableError(host);
    }
    await this.open();
    if (address !== undefined) return address;
    const { url, port } = this.#listening ?? { url: "", port: 0 };
    if (host !== "0.0.0.0" && host !== "::") return url;
    const { protocol } = new URL(url);
    return `${protocol}//${bracketed(localHost)}:${port}`;
  }

  /** True when its port answers, or it has none. */
  async ping(): Promise<boolean> {
    const listening = this.#listening;
    return !listening || listening.ping(this.http, this.#options.selfToken);
  }

  /** Forgets a slave that dialled in and is gone. */
  forget(slave: JoinedSlave): void {
    if (this.#joined.get(slave.boot) === slave) this.#joined.delete(slave.boot);
  }

  /** A slave has dialled in, at a URL with its name, boot and channel. */
  join({ searchParams }: URL, link: Link): void {
    const { channel, log, isStopping, onJoin } = this.#options;
    const name = searchParams.get("name") || link.peer;
    const boot = searchParams.get("boot") ?? "";
    if (isStopping()) return link.close("the master is shutting down");
    if (searchParams.get("channel") !== String(channel) || boot === "") {
      log.warn(`slave ${name} is turned away: it is on channel ${searchParams.get("channel")}`);
      return link.close(`the master is on channel ${channel}`);
    }
    const known = this.#joined.get(boot);
    if (known) return known.offer(link);
    const slave = new JoinedSlave(name, boot, link);
    this.#joined.set(boot, slave);
    onJoin(slave);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.http[Symbol.dispose]();
    const listening = await this.#opening?.catch(() => undefined);
    await listening?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<ListeningApp> {
    const { port, defaultPort } = this.#options;
    if (port !== undefined) return this.#listen(port);
    try {
      return await this.#listen(defaultPort);
    } catch (thrown) {
      if (!(thrown instanceof NetworkError) || thrown.code !== "network.in-use") throw thrown;
      return this.#listen(0);
    }
  }

  #listen(port: number): Promise<ListeningApp> {
    const { host, token, insecure, tls } = this.#options;
    checkListen({ host, port, insecure }, token);
    return listenHttp(masterApp({ ...this.#options, callbacks: this.callbacks }), {
      host,
      port,
      tls,
      token,
      sockets: {
        [JOIN_PATH]: (request, info) =>
          acceptLink(request, info, (link) => this.join(new URL(request.url), link)),
      },
    });
  }
}

function stoppingError(): DingError {
  return new DingError("service.stopping", "Cannot listen: the master is shutting down");
}

/** A slave that speaks plain HTTP calls back, and to a slave elsewhere loopback is itself. */
function unreachableError(host: string): DingError {
  return new DingError(
    "usage.invalid-option",
    `Cannot connect: the slave must call back, and this master listens on ${host} only`,
    {
      hint: "Pass host, and address if need be, to the Master; --listen HOST:PORT on the command line.",
    },
  );
}
