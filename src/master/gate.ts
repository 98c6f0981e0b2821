import type { Clock } from "../core/clock.ts";
import { DingError, NetworkError } from "../core/errors.ts";
import { abortable } from "../core/wait.ts";
import type { Logger } from "../core/log.ts";
import { dialLink } from "../link/websocket.ts";
import { SESSION_PATH } from "../protocol/task-session.ts";
import { urlOf } from "../runtime/url.ts";
import { localAddressTo } from "../runtime/probe.ts";
import type { ClientTls } from "../runtime/web-socket.ts";
import type { OpenOptions } from "./connection.ts";
import { openDiEngineWire } from "./di-engine-wire.ts";
import type { JoinedSlave } from "./joined-slave.ts";
import type { MasterListener } from "./listener.ts";
import type { Dialect } from "./options.ts";
import { openSessionWire } from "./session-wire.ts";
import type { Wire } from "./wire.ts";

/** What opening wires needs. */
export interface GateOptions {
  channel: number;
  heartbeatMs: number;
  toleranceMs: number;
  connectTimeoutMs: number;
  token: string | undefined;
  slaveTls: ClientTls | undefined;
  listener: MasterListener;
  clock: Clock;
  log: Logger;
}

/** How long a slave that has dialled in may take to dial again; it does so at once. */
const REJOIN_MS = 1_000;

/** Opens wires to slaves: finds the dialect, knows the token. */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Dials a slave. */
  async dial(
    place: { host: string; port: number },
    { dialect, ...options }: OpenOptions & { data: unknown; dialect: Dialect },
  ): Promise<Wire> {
    if (dialect === "di-engine") return this.#dialDiEngine(place, options);
    try {
      return await this.#dialSession(place, options);
    } catch (thrown) {
      const status = await this.#statusOf(place, thrown);
      if (status === 404 && dialect === "auto") return this.#dialDiEngine(place, options);
      throw status === 401 || status === 403 ? this.#tokenError(place) : thrown;
    }
  }

  /** Takes in a slave that has dialled this master. */
  async adopt(
    slave: JoinedSlave,
    { signal, data, onEnded }: OpenOptions & { data: unknown },
  ): Promise<Wire> {
    const options = {
      ...this.#options,
      data,
      signal,
      openLink: (until: AbortSignal) => slave.take(until, REJOIN_MS),
    };
    const forget = (): void => this.#options.listener.forget(slave);
    try {
      return await openSessionWire(options, (error) => {
        forget();
        onEnded(error);
      });
    } catch (thrown) {
      forget();
      throw thrown;
    }
  }

  #dialSession(
    { host, port }: { host: string; port: number },
    { signal, data, onEnded }: OpenOptions & { data: unknown },
  ): Promise<Wire> {
    const { token, slaveTls: tls, connectTimeoutMs, log } = this.#options;
    const url = `${urlOf(host, port, tls).replace("http", "ws")}${SESSION_PATH}`;
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const options = {
      ...this.#options,
      data,
      signal,
      onInterrupted: () => log.warn(`connection to ${host}:${port} broke, dialling again`),
      onResumed: () => log.info(`connection to ${host}:${port} goes on`),
      openLink: (until: AbortSignal) =>
        dialLink(url, { headers, tls, timeoutMs: connectTimeoutMs, signal: until }),
    };
    return openSessionWire(options, onEnded);
  }

  /**
   * With which HTTP status a failed dial was answered. The WebSocket may not
   * know: a server that closes at once can look like one that is not there.
   */
  async #statusOf(
    { host, port }: { host: string; port: number },
    thrown: unknown,
  ): Promise<number | undefined> {
    if (!(thrown instanceof NetworkError) || thrown.code !== "network.protocol") return undefined;
    const { status } = thrown.details;
    if (typeof status === "number") return status;
    const { listener, slaveTls, connectTimeoutMs: timeoutMs } = this.#options;
    const url = `${urlOf(host, port, slaveTls)}${SESSION_PATH}`;
    try {
      return (await listener.http.request({ method: "GET", url, timeoutMs })).status;
    } catch {
      return undefined; // it does not speak HTTP either: the dial's own error says more
    }
  }

  async #dialDiEngine(
    place: { host: string; port: number },
    options: OpenOptions & { data: unknown },
  ): Promise<Wire> {
    const { listener } = this.#options;
    const { http, callbacks } = listener;
    const asked = localAddressTo(place, this.#options.connectTimeoutMs);
    const localHost = await abortable(asked, options.signal);
    const address = await listener.callbackUrl(localHost);
    return openDiEngineWire(place, { ...this.#options, ...options, http, callbacks, address });
  }

  #tokenError({ host, port }: { host: string; port: number }): DingError {
    const isGiven = this.#options.token !== undefined;
    return new DingError(
      isGiven ? "auth.refused" : "auth.missing",
      `Cannot connect to ${host}:${port}: ${isGiven ? "it does not know this token" : "it asks for a token"}`,
      { hint: "Pass the slave's token: --token-file FILE, or DING_TOKEN in the environment." },
    );
  }
}
