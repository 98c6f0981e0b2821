import { DEFAULT_SLAVE_PORT, faultOfAddress } from "../config/address.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { DingError, messageOf } from "../core/errors.ts";
import { randomToken } from "../core/id.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import { parseShape } from "../protocol/shape.ts";
import type { RequestInfo, ServerTls } from "../runtime/http-server.ts";
import type { ClientTls } from "../runtime/web-socket.ts";
import { SlaveConnection, type ConnectionHome } from "./connection.ts";
import { Gate } from "./gate.ts";
import type { JoinedSlave } from "./joined-slave.ts";
import { MasterListener } from "./listener.ts";
import { acceptLink } from "../link/websocket.ts";
import { MasterHooks } from "./master-hooks.ts";
import { DEFAULT_MASTER_PORT, masterFieldsSchema, type Dialect } from "./options.ts";
import { definedOf } from "../core/defined.ts";
import { bracketed } from "../runtime/url.ts";

/** What a master is made of; every field has a default. */
export interface MasterOptions {
  channel?: number;
  /** Address to listen on; default 127.0.0.1. */
  host?: string;
  /**
   * Port to listen on; 0 for a free one. Without it the master listens on
   * 7235, or a free port if that is taken, only once something needs it: a
   * slave in Python, or slaves that dial in.
   */
  port?: number;
  /** How slaves in Python reach this master, such as http://10.0.0.5:7235; found out if not given. */
  address?: string;
  /** Shown to slaves, and asked of slaves that dial in. */
  token?: string | undefined;
  insecure?: boolean;
  tls?: ServerTls | undefined;
  /** What to trust when dialling slaves by TLS; with it, every slave is dialled by TLS. */
  slaveTls?: ClientTls | undefined;
  heartbeatMs?: number;
  toleranceMs?: number;
  connectTimeoutMs?: number;
  log?: Logger;
  clock?: Clock;
}

/** How one slave is spoken to. */
export interface NewConnectionOptions {
  dialect?: Dialect;
}

/**
 * Connects to slaves, gives them tasks, and hears of their ends. Extend it and
 * override hooks where needed; the ancestor's names and meaning.
 */
export class Master extends MasterHooks {
  readonly channel: number;
  readonly #options: MasterOptions;
  readonly #log: Logger;
  readonly #gate: Gate;
  readonly #listener: MasterListener;
  readonly #connections = new Map<string, SlaveConnection>();
  readonly #boots = new WeakMap<SlaveConnection, string>();
  readonly #joinListeners: ((connection: SlaveConnection) => unknown)[] = [];

  constructor(options: MasterOptions = {}) {
    super();
    const { channel, heartbeatMs, toleranceMs, connectTimeoutMs } = parseShape(
      masterFieldsSchema,
      definedOf(options),
      { what: "master options", code: "usage.invalid-option" },
    );
    this.channel = channel;
    this.#options = options;
    this.#log = options.log ?? silentLogger;
    const shared = {
      channel,
      heartbeatMs,
      toleranceMs,
      connectTimeoutMs,
      token: options.token,
      slaveTls: options.slaveTls,
      clock: options.clock ?? systemClock,
      log: this.#log,
    };
    this.#listener = new MasterListener({
      ...shared,
      host: options.host ?? "127.0.0.1",
      port: options.port,
      defaultPort: DEFAULT_MASTER_PORT,
      address: options.address,
      insecure: options.insecure ?? false,
      tls: options.tls,
      selfToken: randomToken(),
      onShutdown: () => this.shutdown(),
      isStopping: () => this.stopping.aborted,
      onJoin: (slave) => this.#onJoin(slave),
    });
    this.#gate = new Gate({ ...shared, listener: this.#listener });
  }

  /** Where it listens, host:port; undefined while it does not. */
  get address(): string | undefined {
    return this.#listener.address;
  }

  /** The connections that are open. */
  get connections(): readonly SlaveConnection[] {
    return [...this.#connections.values()];
  }

  /** True when it runs, and its port, if it listens, answers. */
  async ping(): Promise<boolean> {
    return this.state === "running" && (await this.#listener.ping());
  }

  /** Begins to stop: open connections are let go, their tasks end as CANCELLED. `join()` waits for it. */
  shutdown(): void {
    this.close().catch(() => {});
  }

  /** Waits until it has stopped; rejects when it failed. */
  join(): Promise<void> {
    return this.closed;
  }

  /** Listens now, for slaves that dial in; resolves with the address. */
  async listen(): Promise<string> {
    await this.#beStarted();
    return this.#listener.open();
  }

  /** A slave by address under a name of yours; nothing is dialled before connect(). */
  newConnection(
    name: string,
    host: string,
    options: number | (NewConnectionOptions & { port?: number }) = {},
  ): SlaveConnection {
    const { port = DEFAULT_SLAVE_PORT, dialect = "auto" } =
      typeof options === "number" ? { port: options } : options;
    const fault = faultOfAddress(`${bracketed(host)}:${port}`);
    if (fault !== undefined) {
      throw new DingError("usage.invalid-option", `Cannot connect "${name}": ${fault}`);
    }
    this.#refuseTakenName(name);
    return this.#newConnection(name, { host, port }, (connection, data, open) =>
      this.#gate.dial({ host: connection.host, port: connection.port }, { data, dialect, ...open }),
    );
  }

  /** Is a connection of this name open? */
  has(name: string): boolean {
    return this.#connections.has(name);
  }

  /** The open connection of this name; throws when there is none. */
  get(name: string): SlaveConnection {
    const connection = this.#connections.get(name);
    if (connection) return connection;
    const names = [...this.#connections.keys()].join(", ") || "none";
    throw new DingError("state.invalid", `Cannot find connection "${name}": open are ${names}`);
  }

  /** Disconnects the one of this name, if it is open. */
  async delete(name: string): Promise<boolean> {
    const connection = this.#connections.get(name);
    await connection?.disconnect();
    return connection !== undefined;
  }

  /** Lets a slave join that has dialled JOIN_PATH on a port of the caller's own; return what it returns. */
  acceptJoin(request: Request, info: RequestInfo): Response {
    const url = new URL(request.url);
    return acceptLink(request, info, (link) => this.#listener.join(url, link));
  }

  /** Names the process of a slave that has dialled in; undefined for one that was dialled. */
  bootOf(connection: SlaveConnection): string | undefined {
    return this.#boots.get(connection);
  }

  /** Calls back with every slave that dials in, connected. */
  onJoin(listener: (connection: SlaveConnection) => unknown): this {
    this.#joinListeners.push(listener);
    return this;
  }

  protected override async onStart(resources: AsyncDisposableStack): Promise<void> {
    resources.use(this.#listener);
    resources.defer(async () => {
      for (const connection of this.connections) connection.abandon();
    });
    if (this.#options.port !== undefined) await this.#listener.open();
  }

  /** Before its services are released, slaves are told that their master leaves. */
  protected override async onDrain(deadline: AbortSignal): Promise<void> {
    const goodbyes = Promise.allSettled(this.connections.map((one) => one.disconnect()));
    const late = new Promise<void>((resolve) => {
      deadline.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([goodbyes, late]);
  }

  #newConnection(
    name: string,
    place: { host: string; port: number },
    open: ConnectionHome["open"],
  ): SlaveConnection {
    return new SlaveConnection(name, place, {
      open: async (connection, data, options) => {
        await this.#beStarted();
        const signal = AbortSignal.any([
          this.stopping,
          ...(options.signal ? [options.signal] : []),
        ]);
        return open(connection, data, { ...options, signal });
      },
      hooks: this,
      register: (connection) => {
        // It may have begun to stop while the slave was asked.
        this.stopping.throwIfAborted();
        this.#refuseTakenName(name);
        this.#connections.set(name, connection);
      },
      unregister: (connection) => {
        if (this.#connections.get(name) === connection) this.#connections.delete(name);
      },
      guard: (what, callback) => this.#guard(what, callback),
    });
  }

  #onJoin(slave: JoinedSlave): void {
    const name = this.#freeName(slave.name);
    const connection = this.#newConnection(name, slave.place, (_connection, data, open) =>
      this.#gate.adopt(slave, { data, ...open }),
    );
    this.#boots.set(connection, slave.boot);
    const turnAway = (reason: string): void => {
      this.#log.warn(`slave ${name} cannot join: ${reason}`);
      this.#listener.forget(slave);
      slave.turnAway(reason);
    };
    connection.connect().then(
      () => {
        // A hook may have swallowed the error.
        if (!connection.isConnected) return turnAway("the connection could not be opened");
        for (const listener of this.#joinListeners)
          this.#guard("onJoin", () => listener(connection));
      },
      (thrown: unknown) => turnAway(messageOf(thrown)),
    );
  }

  /** Whoever forgets `start()` means it: what has been opened is closed with the master. */
  async #beStarted(): Promise<void> {
    if (this.state === "idle") await this.start();
  }

  #freeName(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#connections.has(name); number++) name = `${wanted}#${number}`;
    return name;
  }

  #refuseTakenName(name: string): void {
    if (!this.#connections.has(name)) return;
    throw new DingError("state.invalid", `Cannot connect "${name}": the name is taken`, {
      hint: "Choose another name, or disconnect the one that has it.",
    });
  }

  /** A user's code that throws is told to the operator and harms nothing else. */
  #guard(what: string, callback: () => unknown): void {
    const tell = (thrown: unknown): void =>
      this.#log.error(`${what} failed: ${messageOf(thrown)}`, {
        stack: thrown instanceof Error ? thrown.stack : undefined,
      });
    try {
      const returned = callback();
      if (typeof returned === "object" && returned) Promise.resolve(returned).catch(tell);
    } catch (thrown) {
      tell(thrown);
    }
  }
}
