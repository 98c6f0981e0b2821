import { systemClock, type Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { newId } from "../../core/id.ts";
import { silentLogger, type Logger } from "../../core/log.ts";
import { VERSION } from "../../core/version.ts";
import type { SocketRoute } from "../../http/listen.ts";
import { acceptLink } from "../../link/websocket.ts";
import { SessionAcceptor, type Admission } from "../../rpc/accept.ts";
import type { Hello } from "../../rpc/handshake.ts";
import type { Session } from "../../rpc/session.ts";
import type { Models } from "../inference.ts";
import { Broadcast } from "./broadcast.ts";
import { Desk } from "./desk.ts";
import { NativeClient } from "./native-client.ts";
import { Outflow } from "./outflow.ts";
import { readHello, SERVE_SESSION_PATH, type NativeWelcome } from "./session-protocol.ts";

/** How sessions with clients are held. */
export interface NativeSocketsOptions {
  /** New requests are refused with `service.stopping`; those that run are answered. */
  isStopping: () => boolean;
  /** What clients get as the server's status: what msgpack can hold, or a promise of it. */
  status: () => unknown;
  clock?: Clock | undefined;
  log?: Logger | undefined;
  /** Names this process; default a fresh UUID. */
  boot?: string | undefined;
  /** Default 3,000. */
  heartbeatMs?: number | undefined;
  /** How long a silent client is borne; default 10,000. */
  toleranceMs?: number | undefined;
  /** How long a client whose connection broke may take to come back, before what it asked for is cancelled; default 2,000. */
  resumeMs?: number | undefined;
  /** How much may have been asked and not answered, in all; default 512 MiB. */
  maxBytes?: number | undefined;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 3_000;
const TOLERANCE_MS = 10_000;
const RESUME_MS = 2_000;

/** The sessions of a server's clients. Disposing says goodbye to all; what they asked for is cancelled. */
export class NativeSockets implements AsyncDisposable {
  /** For `listenHttp`. */
  readonly sockets: Record<string, SocketRoute>;
  /** Where the HTTP face asks, too. */
  readonly desk: Desk;
  readonly #models: Models;
  readonly #options: NativeSocketsOptions;
  readonly #log: Logger;
  readonly #broadcast = new Broadcast();
  readonly #outflow = new Outflow();
  readonly #acceptor: SessionAcceptor;
  readonly #sessions = new Map<Session, NativeClient>();

  constructor(models: Models, options: NativeSocketsOptions) {
    this.#models = models;
    this.#options = options;
    this.#log = options.log ?? silentLogger;
    const clock = options.clock ?? systemClock;
    this.desk = new Desk(models, { ...options, clock });
    this.#acceptor = new SessionAcceptor({
      clock,
      boot: options.boot ?? newId(),
      heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
      toleranceMs: options.toleranceMs ?? TOLERANCE_MS,
      resumeMs: options.resumeMs ?? RESUME_MS,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      admit: (hello) => this.#admit(hello),
      onRejected: (link, { message }) =>
        this.#log.debug(`session with ${link.peer} came to nothing: ${message}`),
    });
    this.sockets = {
      [SERVE_SESSION_PATH]: (request, info) =>
        acceptLink(request, info, (link) => void this.#acceptor.accept(link)),
    };
  }

  /** How many clients are connected, or may come back. */
  get clients(): number {
    let clients = 0;
    for (const { guests } of this.#sessions.values()) clients += guests;
    return clients;
  }

  /** Resolves when everything that was asked is answered, and clients have the answers. */
  async drained(): Promise<void> {
    await this.desk.idle();
    await Promise.all([...this.#sessions.keys()].map((session) => session.delivered()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#acceptor[Symbol.dispose]();
  }

  /** Throws when it is stopping. */
  #welcome(): NativeWelcome {
    if (this.#options.isStopping()) {
      throw new DingError("service.stopping", "Cannot open a session: the server is stopping");
    }
    return { version: VERSION, models: this.#models.list() };
  }

  async #admit({ data }: Hello): Promise<Admission> {
    const welcome = this.#welcome();
    const hello = readHello(data);
    return {
      welcome,
      listen: (session) => {
        const shared = {
          desk: this.desk,
          broadcast: this.#broadcast,
          outflow: this.#outflow,
          status: this.#options.status,
          welcome: () => this.#welcome(),
        };
        const client = new NativeClient(session, hello, shared);
        this.#sessions.set(session, client);
        return {
          message: (message) => client.peer.receive(message),
          detached: () => {},
          ended: () => {
            this.#sessions.delete(session);
            client.end();
          },
        };
      },
    };
  }
}
