import { availableParallelism } from "node:os";
import type { Queue } from "../broker/queue.ts";
import { checkListen } from "../config/listen.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { definedOf } from "../core/defined.ts";
import { DingError } from "../core/errors.ts";
import { newId } from "../core/id.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import { Service } from "../core/service.ts";
import { VERSION } from "../core/version.ts";
import { abortable } from "../core/wait.ts";
import { listenHttp, type ListeningApp } from "../http/listen.ts";
import { namedExport } from "../plugin/named-export.ts";
import { parseShape } from "../protocol/shape.ts";
import { Changes } from "./changes.ts";
import { Crew } from "./crew.ts";
import { Groups } from "./group-statistics.ts";
import type { FleetOptions } from "./fleet-options.ts";
import { fleetQueue } from "./fleet-queue.ts";
import { inHandOf } from "./in-hand.ts";
import { processesFor, wantedUnits, type PlacedUnit } from "./layout.ts";
import { fleetSettings } from "./options.ts";
import { FleetPage } from "./page/fleet-page.ts";
import { QueueWatch } from "./queue-watch.ts";
import { remoteServers, type RemoteServer } from "./remote-servers.ts";
import { fleetApp, type GroupChange } from "./routes.ts";
import { readServerFile } from "./server-file.ts";
import { notReady, statusOf, type FleetFacts, type FleetMode } from "./status.ts";
import { Unit } from "./unit.ts";

const EXTENSIONS = [".ts", ".mts", ".js", ".mjs"];
/** So long the last bytes of answers may take to leave. */
const LAST_BYTES_MS = 1_000;

/** A wrong option is told as the command tells it. */
const OPTIONS = { what: "fleet options", code: "usage.invalid-option" } as const;

/**
 * A fleet of processing units: so many for each remote server, spread over worker processes, that take jobs and lose
 * none. Its port shows how it is, and changes it while it runs.
 */
export class Fleet extends Service {
  readonly #options: FleetOptions;
  readonly #settings: ReturnType<typeof fleetSettings.parse>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #boot = newId();
  readonly #startedAt: number;
  readonly #groups = new Groups();
  readonly #changes: Changes;
  readonly #drained = Promise.withResolvers<void>();
  #servers: RemoteServer[];
  #numClient: number;
  #graceMs: number;
  #mode: FleetMode = "running";
  #crew: Crew | undefined;
  #queue: Queue | undefined;
  #watch: QueueWatch | undefined;
  #page: FleetPage | undefined;
  readonly #listening: ListeningApp[] = [];

  constructor(options: FleetOptions) {
    super();
    const { plugin: _, ...numbers } = options;
    this.#options = options;
    this.#settings = parseShape(fleetSettings, definedOf(numbers), OPTIONS);
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#changes = new Changes(this.#log);
    this.#startedAt = this.#clock.now();
    this.#servers = remoteServers(this.#settings.remoteServers, readServerFile);
    this.#numClient = this.#settings.numClient;
    this.#graceMs = this.#settings.drainTimeoutMs;
  }

  /** host:port, once it listens. */
  get address(): string {
    return this.#listening[0]?.address ?? `${this.#settings.host}:${this.#settings.port}`;
  }

  get port(): number {
    return this.#listening[0]?.port ?? this.#settings.port;
  }

  /** Where to reach it: "http://127.0.0.1:21324". */
  get url(): string {
    return this.#listening[0]?.url ?? "";
  }

  /** For the ready line. */
  readyFacts(): Record<string, unknown> {
    const { units, workers, queue } = this.facts();
    const counts = { units: units.length, servers: this.#servers.length, workers: workers.length };
    return { ...counts, ...(queue && { queue: queue.url }), pid: process.pid };
  }

  /** Begins to stop: units finish what they do. `join()` waits for it. */
  shutdown(): void {
    this.close().catch(() => {});
  }

  /** Waits until it has stopped; rejects when it failed. */
  join(): Promise<void> {
    return this.closed;
  }

  /** As `Service.close`; units have `drainTimeoutMs` to finish. */
  override close(graceMs: number = this.#settings.drainTimeoutMs): Promise<void> {
    this.#graceMs = graceMs;
    return super.close(graceMs);
  }

  /** All units end when they have finished what they do; resolves when they have. */
  idle(): Promise<void> {
    return this.#change("idle", async () => {
      this.#mode = "idle";
      await this.#crew?.arrange([], { graceMs: this.#graceMs });
    });
  }

  /** All units end when they have finished what they do, and new ones begin in new processes, with the plugin as it is now. */
  restart(): Promise<void> {
    return this.#change("restart", async () => {
      const old = this.#crew;
      const crew = this.#newCrew();
      try {
        await abortable(crew.start(), this.stopping);
        this.#checkKind(crew, old);
      } catch (thrown) {
        await crew[Symbol.asyncDispose]();
        throw thrown;
      }
      await old?.dismiss(this.#graceMs);
      this.#crew = crew;
      this.#mode = "running";
      await this.#arrange();
      await old?.[Symbol.asyncDispose]();
    });
  }

  /** Other servers, or another number of units; units that stay go on as if nothing was. What is not said stays as it is. */
  switchTo({ numClient = 0, remoteServers: given }: GroupChange): Promise<void> {
    const servers = given && remoteServers(given, readServerFile);
    return this.#change("switch", async () => {
      if (servers) this.#servers = servers;
      if (numClient > 0) this.#numClient = numClient;
      this.#mode = "running";
      await this.#arrange();
    });
  }

  /** What status, metrics and page are read from. */
  facts(): FleetFacts {
    const units = this.#crew?.units ?? [];
    const told = { state: this.state, mode: this.#mode, units, queue: this.#watch?.facts };
    const reason = notReady(told);
    return {
      ...told,
      ready: reason === undefined,
      reason,
      changing: this.#changes.current,
      groups: this.#groups.all,
      workers: this.#crew?.workers ?? [],
      crashes: this.#crew?.crashes ?? 0,
      uptimeMs: this.#clock.now() - this.#startedAt,
    };
  }

  /** What `GET /status` says. */
  status(): Record<string, unknown> {
    return {
      role: "decentral",
      version: VERSION,
      boot: this.#boot,
      pid: process.pid,
      plugin: this.#options.plugin,
      port: this.port,
      jobsPerSecond: this.#page?.rate ?? 0,
      ...statusOf(this.facts(), { servers: this.#servers, numClient: this.#numClient }),
    };
  }

  protected override async onStart(resources: AsyncDisposableStack): Promise<void> {
    const { host, port, httpPort } = this.#settings;
    const { token, insecure = false } = this.#options;
    checkListen({ host, port, insecure }, token);
    const told = { facts: () => this.facts(), boot: this.#boot, clock: this.#clock };
    const page = resources.use(new FleetPage(told));
    this.#page = page;
    await this.#listen(resources, [port, ...(httpPort === undefined ? [] : [httpPort])], page);
    resources.defer(() => this.#crew?.[Symbol.asyncDispose]());
    this.#crew = this.#newCrew();
    await abortable(this.#crew.start(), this.stopping);
    await this.#openQueue(this.#crew, resources);
    await this.#arrange();
  }

  protected override async onDrain(deadline: AbortSignal): Promise<void> {
    for (const listening of this.#listening) listening.part();
    await this.#crew?.dismiss(this.#graceMs);
    // What was being changed has nothing left to wait for.
    await abortable(this.#changes.settled, deadline).catch(() => {});
    await this.#crew?.dismiss(0);
    this.#drained.resolve();
    const late = AbortSignal.timeout(LAST_BYTES_MS);
    const finished = Promise.all(this.#listening.map((listening) => listening.finish()));
    await abortable(finished, late).catch(() => {});
  }

  async #listen(resources: AsyncDisposableStack, ports: number[], page: FleetPage): Promise<void> {
    const { token, tls } = this.#options;
    const app = fleetApp({
      token,
      log: this.#log,
      page,
      facts: () => this.facts(),
      status: () => this.status(),
      idle: () => this.idle(),
      restart: () => this.restart(),
      switchTo: (change) => this.switchTo(change),
      terminate: () => {
        this.shutdown();
        return this.#drained.promise;
      },
    });
    for (const port of new Set(ports)) {
      const listening = await listenHttp(app, { host: this.#settings.host, port, tls, token });
      this.#listening.push(resources.use(listening));
      this.#log.info(`listening on ${listening.address}`);
    }
  }

  #newCrew(): Crew {
    const { plugin, logLevel = "info", workerOutput } = this.#options;
    return new Crew({
      module: namedExport(plugin, { folder: ".", extensions: EXTENSIONS }),
      processes: this.#processes,
      loadTimeoutMs: this.#settings.loadTimeoutMs,
      logLevel,
      workerOutput,
      clock: this.#clock,
      log: this.#log,
      makeUnit: (place) => this.#makeUnit(place),
    });
  }

  get #processes(): number {
    const units = Math.max(1, this.#servers.length) * this.#numClient;
    return processesFor(units, { asked: this.#settings.workers, cores: availableParallelism() });
  }

  #makeUnit(place: PlacedUnit): Unit {
    const home = {
      clock: this.#clock,
      log: this.#log,
      queue: this.#queue,
      jobTimeoutMs: this.#settings.jobTimeoutMs,
      inHand: inHandOf(this.#queue, this.#settings),
      remoteToken: this.#options.remoteToken,
    };
    return new Unit(place, home, this.#groups.of(place.group));
  }

  async #arrange(): Promise<void> {
    const wanted = wantedUnits(this.#servers, this.#numClient);
    await this.#crew?.arrange(wanted, { processes: this.#processes, graceMs: this.#graceMs });
  }

  async #openQueue(crew: Crew, resources: AsyncDisposableStack): Promise<void> {
    const { queue: given } = this.#options;
    if (crew.kind === "loop") {
      if (given !== undefined) this.#log.warn("the queue is not used: the plugin has doWork");
      return;
    }
    this.#queue = await fleetQueue(given, { ...this.#settings, log: this.#log }, resources);
    this.#watch = resources.use(new QueueWatch(this.#queue, this.#clock));
  }

  #checkKind(crew: Crew, old: Crew | undefined): void {
    if (!old || crew.kind === old.kind) return;
    throw new DingError(
      "plugin.invalid",
      `Cannot restart: the plugin's form is "${crew.kind}" now`,
      {
        hint: "Start a new fleet for it: one of doWork and work is another kind of unit.",
      },
    );
  }

  #change(what: string, run: () => Promise<void>): Promise<void> {
    return this.#changes.run(what, async () => {
      if (this.state !== "running" && this.state !== "starting") {
        throw new DingError("service.stopping", `Cannot ${what}: the fleet is ${this.state}`);
      }
      await run();
    });
  }
}
