import { checkListen } from "../config/listen.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { definedOf } from "../core/defined.ts";
import { DingError, messageOf } from "../core/errors.ts";
import { newId } from "../core/id.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import { Service } from "../core/service.ts";
import { VERSION } from "../core/version.ts";
import { abortable } from "../core/wait.ts";
import { listenHttp, type ListeningApp } from "../http/listen.ts";
import { parseShape } from "../protocol/shape.ts";
import { ModelVersion } from "./host/model-version.ts";
import { ancestorSettings } from "./ancestor-settings.ts";
import { CustomRoutes } from "./custom/routes.ts";
import { Repository } from "./host/repository.ts";
import { Scaler } from "./host/scaler.ts";
import { noModelError } from "./host/refusals.ts";
import { sourceOf, sourcesHere, type ModelSource } from "./host/source.ts";
import { watchModels, type Watching } from "./host/watch.ts";
import type { Models } from "./inference.ts";
import { NativeSockets } from "./native/native-sockets.ts";
import { openTraces } from "./page/open-traces.ts";
import type { ServerFacts } from "./page/server-facts.ts";
import { ServeStatistics } from "./page/statistics.ts";
import { serveApp } from "./routes.ts";
import { serverSettings, type ServerOptions, type ServerSettings } from "./server-options.ts";
import { workerSettings, type WorkerSettings } from "./worker-settings.ts";

const OPTIONS = { what: "server options", code: "usage.invalid-option" } as const;

/** So long the last bytes of answers may take to leave. */
const LAST_BYTES_MS = 2_000;

/**
 * Serves models: worker processes that run them in batches, behind one port
 * that speaks the Open Inference Protocol, the ancestors' HTTP and the native
 * protocol.
 */
export class Server extends Service {
  readonly #options: ServerOptions;
  readonly #settings: ServerSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #boot = newId();
  readonly #statistics: ServeStatistics;
  readonly #sources: ModelSource[];
  #repository: Repository | undefined;
  #watching: Watching | undefined;
  #listening: ListeningApp | undefined;
  #sockets: NativeSockets | undefined;
  #isReady = false;
  readonly #custom = new CustomRoutes();
  #routesTurn = Promise.resolve();

  constructor(options: ServerOptions = {}) {
    super();
    this.#options = options;
    this.#settings = parseShape(serverSettings, definedOf(options), OPTIONS);
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#statistics = new ServeStatistics({ clock: this.#clock });
    const named = [options.plugin ?? []].flat().map((text) => sourceOf(text));
    const isAlone = named.length === 0 && options.repository === undefined;
    this.#sources = isAlone ? sourcesHere() : named;
    if (this.#sources.length === 0 && options.repository === undefined) throw noModelError();
  }

  /** host:port, once it listens. */
  get address(): string {
    return this.#listening?.address ?? `${this.#settings.host}:${this.#settings.port}`;
  }

  get port(): number {
    return this.#listening?.port ?? this.#settings.port;
  }

  /** Where to reach it: "http://127.0.0.1:8900". */
  get url(): string {
    return this.#listening?.url ?? "";
  }

  /** What it serves; throws before it is started. */
  get models(): Models {
    if (!this.#repository) throw new DingError("state.invalid", "Cannot name models: not started");
    return this.#repository;
  }

  get statistics(): ServeStatistics {
    return this.#statistics;
  }

  /** For the ready line. */
  readyFacts(): Record<string, unknown> {
    const { workers, batchSize } = this.#settings;
    const models = this.#repository?.all().map((model) => model.label);
    return { models: models?.join(","), workers, batchSize, pid: process.pid };
  }

  /** Begins to stop: takes no more requests and finishes those that are here. `join()` waits for it. */
  shutdown(): void {
    this.close().catch(() => {});
  }

  /** Waits until it has stopped; rejects when it failed. */
  join(): Promise<void> {
    return this.closed;
  }

  /** As `Service.close`; requests have `drainTimeoutMs` to finish. */
  override close(graceMs: number = this.#settings.drainTimeoutMs): Promise<void> {
    return super.close(graceMs);
  }

  /** Loads every model again: new workers warm up, then the old ones finish. What cannot be loaded stays as it was. */
  async reload(): Promise<void> {
    await this.#repository?.reload();
  }

  /** What the page and the status tell of it. */
  facts(): ServerFacts {
    const models = this.#repository?.all() ?? [];
    // As Triton has it: what was unloaded, or never loaded, is somebody's wish.
    const isWhole = !models.some((model) => model.isDown);
    return {
      state: this.state,
      ready: this.#isReady && this.state === "running" && isWhole,
      models: models.map((model) => model.seen),
    };
  }

  /** What `GET /status` says. */
  status(): Record<string, unknown> {
    const { state, ready, models } = this.facts();
    return {
      role: "serve",
      version: VERSION,
      boot: this.#boot,
      pid: process.pid,
      state,
      ready,
      uptimeMs: this.#clock.now() - this.#statistics.startedMs,
      clients: this.#sockets?.clients ?? 0,
      models: models.map(({ facts, ...seen }) => ({ ...facts, ...seen })),
    };
  }

  protected override async onStart(resources: AsyncDisposableStack): Promise<void> {
    const { host, port } = this.#settings;
    const { token, tls, insecure = false } = this.#options;
    checkListen({ host, port, insecure }, token);
    const told = { boot: this.#boot, clock: this.#clock, log: this.#log };
    const traces = openTraces(this.#settings.otlp, this.#statistics, told);
    resources.use(traces);
    const settings = await workerSettings({
      ...this.#options,
      settings: this.#settings,
      log: this.#log,
    });
    const repository = resources.use(
      new Repository({
        sources: this.#sources,
        folder: this.#options.repository,
        log: this.#log,
        create: (source) => this.#create(source, settings),
        onLooked: () => this.#watching?.learn(),
        onLoaded: () => this.#reloadRoutes(),
      }),
    );
    this.#repository = repository;
    const sockets = resources.use(
      new NativeSockets(repository, {
        boot: this.#boot,
        isStopping: () => this.stopping.aborted,
        status: () => this.status(),
        clock: this.#clock,
        log: this.#log,
      }),
    );
    this.#sockets = sockets;
    const app = serveApp({
      ...this.#settings,
      boot: this.#boot,
      traces,
      custom: this.#custom,
      settings: ancestorSettings(this.#settings),
      models: repository,
      statistics: this.#statistics,
      sockets,
      token,
      log: this.#log,
      facts: () => this.facts(),
      status: () => this.status(),
      isStopping: () => this.stopping.aborted,
      resources,
    });
    const listening = await listenHttp(app, {
      host,
      port,
      tls,
      token,
      sockets: sockets.sockets,
    });
    this.#listening = resources.use(listening);
    this.#log.info(`listening on ${this.address}`);
    await abortable(repository.start(), this.stopping);
    await this.#loadRoutes(repository);
    this.#isReady = true;
    resources.use(
      new Scaler({
        ...this.#settings,
        models: () => repository.all(),
        clock: this.#clock,
        log: this.#log,
      }),
    );
    if (this.#options.watch === true) this.#watching = resources.use(this.#watch(repository));
  }

  protected override async onDrain(deadline: AbortSignal): Promise<void> {
    this.#listening?.part();
    deadline.addEventListener("abort", () => this.#onGraceOver(), { once: true });
    await this.#custom.drained(deadline); // they ask the models
    await this.#repository?.drain(deadline);
    const sockets = this.#sockets;
    if (sockets) await abortable(sockets.drained(), deadline).catch(() => {});
    await sockets?.[Symbol.asyncDispose]();
    const late = AbortSignal.timeout(LAST_BYTES_MS);
    await abortable(this.#listening?.finish() ?? Promise.resolve(), late).catch(() => {});
  }

  #onGraceOver(): void {
    const { open } = this.#statistics.pace;
    if (open === 0) return;
    const what = open === 1 ? "1 request has" : `${open} requests have`;
    this.#log.warn(`${what} not finished in time: nobody waits any longer, as the server stops`);
  }

  #create(source: ModelSource, settings: WorkerSettings): ModelVersion {
    return new ModelVersion({
      ...this.#settings,
      source,
      settings,
      statistics: this.#statistics.model(source.name, source.version),
      clock: this.#clock,
      log: this.#log,
    });
  }

  async #loadRoutes(repository: Repository): Promise<void> {
    const models = repository.all().filter((model) => model.hasRoutes);
    await this.#custom.load(
      models.map(({ source }) => source),
      repository,
    );
  }

  /** One after the other: the last has the newest files. */
  #reloadRoutes(): Promise<void> {
    const repository = this.#repository;
    if (!repository || !this.#isReady) return Promise.resolve();
    const reload = (): Promise<void> => this.#loadRoutes(repository);
    this.#routesTurn = this.#routesTurn.then(reload).catch((thrown: unknown) => {
      this.#log.error(`the plugins' routes stay as they were: ${messageOf(thrown)}`);
    });
    return this.#routesTurn;
  }

  #watch(repository: Repository): Watching {
    return watchModels({
      files: () => repository.all().map((model) => model.source.plugin),
      clock: this.#clock,
      onChange: (file) => {
        this.#log.info(`${file} has changed: loading it again`);
        void repository.reloadFile(file);
      },
    });
  }
}
