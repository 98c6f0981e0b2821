import { checkListen } from "../config/listen.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { definedOf } from "../core/defined.ts";
import { messageOf, type DingError } from "../core/errors.ts";
import { newId, randomToken } from "../core/id.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import { Service } from "../core/service.ts";
import { VERSION } from "../core/version.ts";
import { abortable } from "../core/wait.ts";
import { HttpClient } from "../http/client.ts";
import { listenHttp, type ListeningApp } from "../http/listen.ts";
import { acceptLink } from "../link/websocket.ts";
import { parseShape } from "../protocol/shape.ts";
import { SESSION_PATH, type SlaveFacts } from "../protocol/task-session.ts";
import type { TaskContext } from "./context.ts";
import { DiEngineFace } from "./di-engine-face.ts";
import type { Executor } from "./executor.ts";
import { InProcessExecutor } from "./in-process-executor.ts";
import { keepJoined } from "./join.ts";
import type { ConnectionHook, SlaveHooks } from "./plugin.ts";
import { slaveApp } from "./routes.ts";
import { Seat } from "./seat.ts";
import { SessionFace } from "./session-face.ts";
import { slaveSettings, type SlaveOptions } from "./slave-options.ts";
import { statusOf, type SlaveStatus } from "./status.ts";
import { Tasks } from "./tasks.ts";

/** How many ended tasks a slave knows again when they are sent twice. */
const REMEMBERED_TASKS = 100_000;

/** After the drain time: for cancelled tasks to end, and for their masters to hear of it. */
const LAST_WORDS_MS = 2_000;

/** A wrong option is told as the command tells it. */
const OPTIONS = { what: "slave options", code: "usage.invalid-option" } as const;

/** A class may bring any of the hooks of a plugin. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- hooks are optional methods, which a class cannot declare
export interface Slave extends SlaveHooks {}

/**
 * Executes tasks for one master at a time: extend it and write `processTask`.
 * Its tasks run in this process; `ding slave` runs the same class in workers.
 */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- hooks are optional methods, which a class cannot declare
export abstract class Slave extends Service {
  readonly channel: number;
  readonly #options: SlaveOptions;
  readonly #settings: ReturnType<typeof slaveSettings.parse>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #boot = newId();
  readonly #selfToken = randomToken();
  readonly #startedAt: number;
  #http: HttpClient | undefined;
  #listening: ListeningApp | undefined;
  #executor: Executor | undefined;
  #tasks: Tasks | undefined;
  #seat: Seat | undefined;
  #sessions: SessionFace | undefined;
  #diEngine: DiEngineFace | undefined;
  #isReady = false;

  constructor(options: SlaveOptions = {}) {
    super();
    this.#options = options;
    this.#settings = parseShape(slaveSettings, definedOf(options), OPTIONS);
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#startedAt = this.#clock.now();
    this.channel = this.#settings.channel;
  }

  /** What a task returns crosses to the master unchanged; throw TaskFail to fail with a result. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a slave says itself what its tasks are
  abstract processTask(task: any, ctx: TaskContext): unknown;

  /** Where it listens, host:port. */
  get address(): string {
    return this.#listening?.address ?? `${this.#settings.host}:${this.#settings.port}`;
  }

  /** Where it listens. */
  get port(): number {
    return this.#listening?.port ?? this.#settings.port;
  }

  /** True when its own port answers. */
  async ping(): Promise<boolean> {
    const listening = this.#listening;
    if (!listening || !this.#http || this.state !== "running") return false;
    return listening.ping(this.#http, this.#selfToken);
  }

  /** Begins to stop: takes no more tasks and lets the running ones finish. `join()` waits for it. */
  shutdown(): void {
    this.close().catch(() => {});
  }

  /** Waits until it has stopped; rejects when it failed. */
  join(): Promise<void> {
    return this.closed;
  }

  /** As `Service.close`; the running tasks have `drainTimeoutMs` to finish. */
  override close(graceMs: number = this.#settings.drainTimeoutMs): Promise<void> {
    return super.close(graceMs);
  }

  /** What `GET /status` says. */
  status(): SlaveStatus {
    return statusOf({
      facts: this.#facts(),
      state: this.state,
      isReady: this.#isReady,
      boot: this.#boot,
      startedAt: this.#startedAt,
      clock: this.#clock,
      tasks: this.#tasks,
      executor: this.#executor,
      master: this.#seat?.occupant,
    });
  }

  /** Where tasks run: in this process, unless a subclass knows better. */
  protected createExecutor(): Executor {
    return new InProcessExecutor({
      ...this.#settings,
      plugin: this,
      clock: this.#clock,
      log: this.#log,
    });
  }

  protected override async onStart(resources: AsyncDisposableStack): Promise<void> {
    const { host, port } = this.#settings;
    const { token, insecure = false } = this.#options;
    checkListen({ host, port, insecure }, token);
    const http = resources.use(new HttpClient());
    const executor = resources.use(this.createExecutor());
    executor.onBroken = (error) => this.fail(error);
    this.#http = http;
    this.#executor = executor;
    const seat = new Seat((name, args) => executor.hook(name, args));
    const tasks = new Tasks(
      { ...this.#settings, remember: REMEMBERED_TASKS },
      executor,
      this.#clock,
    );
    this.#seat = seat;
    this.#tasks = tasks;
    const shared = {
      ...this.#settings,
      seat,
      tasks,
      clock: this.#clock,
      log: this.#log,
      onLost: (address: string, error: DingError) => this.#callLost(address, error),
    };
    this.#diEngine = new DiEngineFace({
      ...shared,
      http,
      allowCallback: this.#options.allowCallback ?? [],
    });
    this.#sessions = new SessionFace({
      ...shared,
      boot: this.#boot,
      isStopping: () => this.stopping.aborted,
      facts: () => this.#facts(),
    });
    this.#listening = resources.use(await this.#listen(tasks, this.#diEngine, this.#sessions));
    resources.use(this.#diEngine);
    resources.use(this.#sessions);
    this.#log.info(`listening on ${this.address}`);
    await abortable(executor.start(), this.stopping);
    this.#isReady = true;
    this.#join(this.#sessions);
  }

  protected override async onDrain(deadline: AbortSignal): Promise<void> {
    const tasks = this.#tasks;
    if (!tasks || !this.#isReady) return;
    this.#sessions?.leaving();
    let until = deadline;
    await abortable(tasks.idle(), deadline).catch(async () => {
      // What did not finish is cancelled, and that is told too.
      until = AbortSignal.timeout(LAST_WORDS_MS);
      tasks.stopAll();
      await abortable(tasks.idle(), until).catch(() => {});
    });
    const delivered = Promise.all([this.#sessions?.delivered(), this.#diEngine?.delivered()]);
    await abortable(delivered, until).catch((thrown: unknown) =>
      this.#log.warn(`results may not have reached the master: ${messageOf(thrown)}`),
    );
  }

  #listen(tasks: Tasks, diEngine: DiEngineFace, sessions: SessionFace): Promise<ListeningApp> {
    const { host, port, channel } = this.#settings;
    const { token, tls, allowDiEngine = false } = this.#options;
    const app = slaveApp({
      channel,
      token,
      allowDiEngine,
      selfToken: this.#selfToken,
      diEngine,
      tasks,
      log: this.#log,
      isLive: () => this.state !== "failed",
      isReady: () => this.#isReady && this.state === "running",
      isStopping: () => this.stopping.aborted,
      status: () => this.status(),
      shutdown: () => this.shutdown(),
    });
    return listenHttp(app, {
      host,
      port,
      tls,
      token,
      sockets: {
        [SESSION_PATH]: (request, info) =>
          acceptLink(request, info, (link) => void sessions.accept(link)),
      },
    });
  }

  #join(sessions: SessionFace): void {
    const { name, token, join = [], joinTls } = this.#options;
    for (const master of join) {
      void keepJoined({
        master,
        name: name ?? this.address,
        boot: this.#boot,
        channel: this.channel,
        token,
        tls: joinTls,
        log: this.#log,
        accept: (link) => sessions.accept(link, master),
        signal: this.stopping,
      });
    }
  }

  #facts(): SlaveFacts {
    const { mode, concurrency, queueLimit, channel } = this.#settings;
    return {
      name: this.#options.name ?? this.address,
      plugin: this.#options.plugin ?? this.constructor.name,
      version: VERSION,
      channel,
      mode,
      concurrency,
      queueLimit,
      pid: process.pid,
    };
  }

  #callLost(address: string, error: DingError): void {
    const hook: ConnectionHook = "lostConnection";
    this.#executor
      ?.hook(hook, [address, new Error(error.message)])
      .catch((thrown: unknown) => this.#log.error(`${hook} failed: ${messageOf(thrown)}`));
  }
}
