import { DingError, NetworkError } from "../core/errors.ts";
import { isThenable } from "../core/wait.ts";
import type { SlaveFacts } from "../protocol/task-session.ts";
import { bracketed } from "../runtime/url.ts";
import { Task, type TaskHome, type TaskOptions } from "./task.ts";
import type { OnWireEnded, SlaveResponse, Wire, WireEvents, WireTask } from "./wire.ts";

/** What a connection needs of its master. */
export interface ConnectionHome {
  /** Opens a wire; rejects with the slave's refusal or a NetworkError. */
  open(connection: SlaveConnection, data: unknown, options: OpenOptions): Promise<Wire>;
  /** The connection is open now; throws when its name is taken. */
  register(connection: SlaveConnection): void;
  unregister(connection: SlaveConnection): void;
  guard(what: string, callback: () => unknown): void;
  readonly hooks: ConnectionHooks;
}

/** What the opener of a wire is given besides. */
export interface OpenOptions {
  signal?: AbortSignal | undefined;
  onEnded: OnWireEnded;
}

/** Hooks of the master around what a connection does; each may be async. */
export interface ConnectionHooks {
  beforeConnect(connection: SlaveConnection): unknown;
  afterConnect(response: SlaveResponse, connection: SlaveConnection): unknown;
  errorConnect(error: Error, connection: SlaveConnection): unknown;
  beforeDisconnect(connection: SlaveConnection): unknown;
  afterDisconnect(response: SlaveResponse, connection: SlaveConnection): unknown;
  errorDisconnect(error: Error, connection: SlaveConnection): unknown;
  beforeNewTask(data: unknown, connection: SlaveConnection): unknown;
  afterNewTask(task: Task, connection: SlaveConnection): unknown;
  errorNewTask(error: Error, connection: SlaveConnection): unknown;
  lostConnection(connection: SlaveConnection, error: Error): unknown;
}

/**
 * A master's connection to one slave.
 *
 *   unconnected ─ connect() → connecting → connected ─ disconnect() → unconnected
 *        ↑                        │             └── slave gone ─────────↗
 *        └────── refused, nobody there
 *
 * Its tasks end with it: a slave that is gone leaves them LOST.
 */
export class SlaveConnection implements AsyncDisposable, TaskHome {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly #home: ConnectionHome;
  #wire: Wire | undefined;
  /** While it connects: aborts that. */
  #connecting: AbortController | undefined;
  #opening: Promise<Wire> | undefined;
  #disconnecting: Promise<unknown> | undefined;
  #facts: SlaveFacts | undefined;
  #closed = Promise.withResolvers<Error | undefined>();
  #isClosedTold = false;

  constructor(name: string, { host, port }: { host: string; port: number }, home: ConnectionHome) {
    this.name = name;
    this.host = host;
    this.port = port;
    this.#home = home;
  }

  /** host:port */
  get address(): string {
    return `${bracketed(this.host)}:${this.port}`;
  }

  get isConnected(): boolean {
    return this.#wire !== undefined;
  }

  /** What the slave told of itself; undefined before it is connected, and of slaves that are not ding. */
  get slave(): SlaveFacts | undefined {
    return this.#facts;
  }

  /** Resolves when the connection, or the attempt, has ended: with the error that ended it, or undefined after a disconnect. */
  get closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  /** Connects; what the master's afterConnect returns is its value. Rejects with the slave's refusal. */
  async connect({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<unknown> {
    if (this.#connecting || this.#wire) {
      throw new DingError(
        "state.invalid",
        `Cannot connect "${this.name}": it is connected already`,
      );
    }
    const { hooks } = this.#home;
    const connecting = new AbortController();
    this.#connecting = connecting;
    const until = AbortSignal.any([connecting.signal, ...(signal ? [signal] : [])]);
    if (this.#isClosedTold) {
      this.#closed = Promise.withResolvers();
      this.#isClosedTold = false;
    }
    let wire: Wire;
    try {
      const data = (await hooks.beforeConnect(this)) ?? {};
      until.throwIfAborted();
      this.#opening = this.#open(data, until);
      wire = await this.#opening;
    } catch (thrown) {
      this.#tellClosed(thrown as Error);
      if (thrown instanceof NetworkError) return await hooks.errorConnect(thrown, this);
      throw thrown;
    } finally {
      this.#connecting = this.#opening = undefined;
    }
    return this.#after("afterConnect", () => hooks.afterConnect(wire.response, this));
  }

  /** The same as connect(). */
  start(): Promise<unknown> {
    return this.connect();
  }

  /** Lets go of the slave; its tasks are cancelled. Rejects when the slave refuses. Twice is once. A connect() under way is given up. */
  async disconnect(): Promise<unknown> {
    if (!this.#wire) {
      this.#giveUpConnecting();
      await this.#opening?.catch(() => {});
      return undefined;
    }
    this.#disconnecting ??= this.#disconnect(this.#wire);
    const mine = this.#disconnecting;
    try {
      return await mine;
    } finally {
      if (this.#disconnecting === mine) this.#disconnecting = undefined;
    }
  }

  async #disconnect(wire: Wire): Promise<unknown> {
    const { hooks } = this.#home;
    let response: SlaveResponse;
    try {
      response = await wire.disconnect((await hooks.beforeDisconnect(this)) ?? {});
    } catch (thrown) {
      if (!(thrown instanceof NetworkError)) throw thrown;
      this.#letGo(wire, thrown);
      wire.abandon();
      return hooks.errorDisconnect(thrown, this);
    }
    this.#letGo(wire, undefined);
    return this.#after("afterDisconnect", () => hooks.afterDisconnect(response, this));
  }

  /** The same as disconnect(). */
  async close(): Promise<void> {
    await this.disconnect();
  }

  /** Lets go of the slave without asking it; it finds out by itself. */
  abandon(): void {
    const wire = this.#wire;
    if (!wire) return this.#giveUpConnecting();
    this.#letGo(wire, undefined);
    wire.abandon();
  }

  #giveUpConnecting(): void {
    this.#connecting?.abort(
      new DingError(
        "state.invalid",
        `Cannot connect "${this.name}": it was disconnected meanwhile`,
      ),
    );
  }

  /** A task for this slave; nothing is sent before its start(). */
  newTask(data: unknown = {}, options: TaskOptions = {}): Task {
    return new Task(this, data, options);
  }

  /** For Task: sends it. */
  async send(task: WireTask, events: WireEvents): Promise<() => void> {
    const { hooks } = this.#home;
    const given = hooks.beforeNewTask(task.data, this);
    const data = (isThenable(given) ? await given : given) ?? task.data;
    const wire = this.#wire;
    if (!wire) {
      throw new NetworkError(
        "network.closed",
        `Cannot start task: "${this.name}" is not connected to its slave`,
        { hint: "Call connect() first; after a loss, connect again." },
      );
    }
    return wire.send({ id: task.id, attempt: task.attempt, data }, events);
  }

  /** For Task: the slave has taken it. */
  onStarted(task: Task): void {
    this.guard("afterNewTask", () => this.#home.hooks.afterNewTask(task, this));
  }

  /** For Task: it did not reach the slave; rejects unless the hook swallows the error. */
  async onStartError(error: NetworkError): Promise<void> {
    await this.#home.hooks.errorNewTask(error, this);
  }

  /** For Task: runs a user's callback. */
  guard(what: string, callback: () => unknown): void {
    this.#home.guard(what, callback);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  async #open(data: unknown, signal: AbortSignal): Promise<Wire> {
    let early: DingError | undefined;
    const wire = await this.#home.open(this, data, {
      signal,
      onEnded: (error) => {
        early = error;
        const current = this.#wire;
        // Without an error it was this end that let go, and whoever did so tells the rest.
        if (!current || !error) return;
        this.#letGo(current, error);
        this.#home.guard("lostConnection", () => this.#home.hooks.lostConnection(this, error));
      },
    });
    if (early) throw early;
    this.#facts = wire.facts;
    try {
      signal.throwIfAborted();
      this.#home.register(this);
    } catch (thrown) {
      wire.abandon();
      throw thrown;
    }
    this.#wire = wire;
    return wire;
  }

  /** Once per wire, whoever comes first: the goodbye or the loss. */
  #letGo(wire: Wire, error: Error | undefined): void {
    if (this.#wire !== wire) return;
    this.#wire = undefined;
    this.#disconnecting = undefined;
    this.#home.unregister(this);
    this.#tellClosed(error);
  }

  #tellClosed(error: Error | undefined): void {
    this.#isClosedTold = true;
    this.#closed.resolve(error);
  }

  /** What has happened has happened: a hook that throws afterwards does not undo it. */
  async #after(what: string, hook: () => unknown): Promise<unknown> {
    try {
      return await hook();
    } catch (thrown) {
      this.#home.guard(what, () => {
        throw thrown;
      });
      return undefined;
    }
  }
}
