import { isAbsolute, resolve } from "node:path";
import { checkListen } from "../config/listen.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { DingError, messageOf } from "../core/errors.ts";
import { newId } from "../core/id.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import { Service } from "../core/service.ts";
import { VERSION } from "../core/version.ts";
import { abortable } from "../core/wait.ts";
import type { ListeningApp } from "../http/listen.ts";
import { checkRun } from "./config/read-run.ts";
import { defaultCoordinator, type RunSettings } from "./config/run-schema.ts";
import type { CoordinatorOptions } from "./coordinator-options.ts";
import { type Assembly, assemble } from "./assembly.ts";
import { DEFAULT_COORDINATOR_PORT } from "./options.ts";
import type { RunState } from "./run/run.ts";
import type { RandomState } from "../replay/random.ts";
import type { ReplayPart } from "../replay/replay-snapshot.ts";
import { type CoordinatorFacts, statusOf, type Summary, summaryOf } from "./status.ts";

/** What a coordinator saves: everything, in plain values. */
export interface CoordinatorState {
  run: RunState;
  /** Workers that are dialled and are not in the configuration. */
  workers: { id: string; host: string; port: number; role: string | undefined }[];
  /** Of the pauses between attempts; what else goes by chance saves its own. */
  random: RandomState;
  buffers: Record<string, ReplayPart[]>;
}

/** For the last words of workers, of the time that there is to stop. */
const DRAIN_SHARE = 0.6;
/** When the goal is reached nobody waits long for an episode. */
const REACHED_MS = 3_000;

/**
 * Runs reinforcement learning over slaves: its commander makes tasks, it gives them to collectors, evaluators and
 * learners, keeps what they have seen and learned, and saves all of it. The ancestor's names and meaning.
 */
export class Coordinator extends Service {
  /** The ancestor's: how patient it is if nothing else is said. */
  static defaultConfig(): RunSettings["system"]["coordinator"] {
    return defaultCoordinator();
  }

  readonly settings: RunSettings;
  readonly #options: CoordinatorOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #boot = newId();
  readonly #startedAt: number;
  #assembly: Assembly | undefined;
  #listening: ListeningApp | undefined;
  #isReached = false;
  /** To become, as soon as it starts. */
  #saved: CoordinatorState | undefined;
  #graceMs: number;
  /** What is left to read when all is closed. */
  #last: CoordinatorFacts | undefined;

  /** `usage.invalid-option` with the path of whatever in the configuration cannot work. */
  constructor(options: CoordinatorOptions) {
    super();
    const { config, folder = ".", configName = "config" } = options;
    this.settings = checkRun(config, { name: configName, folder: resolve(folder) });
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#startedAt = this.#clock.now();
    this.#graceMs = options.drainTimeoutMs ?? 10_000;
  }

  /** host:port, once it listens. */
  get address(): string {
    const { host, port } = this.#place;
    return this.#listening?.address ?? `${host}:${port}`;
  }

  get port(): number {
    return this.#listening?.port ?? this.#place.port;
  }

  get url(): string {
    return this.#listening?.url ?? "";
  }

  /** Has the commander said that the goal is reached? Once it has, it stays so. */
  get systemShutdownFlag(): boolean {
    return this.#isReached;
  }

  /** Seconds that a collector's task may wait for a worker. */
  get collectorTaskTimeout(): number {
    return this.settings.system.coordinator.collectorTaskTimeout;
  }

  /** Seconds that a learner's task may wait for a worker. */
  get learnerTaskTimeout(): number {
    return this.settings.system.coordinator.learnerTaskTimeout;
  }

  /** For the ready line. */
  readyFacts(): Record<string, unknown> {
    const { local = 0 } = this.#options;
    return { exp_name: this.settings.main.expName, local, pid: process.pid };
  }

  /** Begins to stop: workers finish what they do, the state is saved. `join()` waits for it. */
  shutdown(): void {
    this.close().catch(() => {});
  }

  /** Waits until it has stopped; rejects when it failed. */
  join(): Promise<void> {
    return this.closed;
  }

  /** As `Service.close`; workers have `drainTimeoutMs` to finish. The state is saved also where they have none. */
  override close(graceMs: number = this.#options.drainTimeoutMs ?? 10_000): Promise<void> {
    this.#graceMs = graceMs;
    return super.close(Math.max(1, graceMs));
  }

  /** Tells the operator something. */
  info(text: string): void {
    this.#log.info(`[Coordinator(${this.#boot})]: ${text}`);
  }

  /** Tells the operator of something bad. */
  error(text: string): void {
    this.#log.error(`[Coordinator(${this.#boot})]: ${text}`);
  }

  /** Everything as it is now. `state.invalid` before it has started and after it has stopped. */
  stateDict(): CoordinatorState {
    if (this.#last) this.#refuse();
    const { state, buffers } = this.#parts;
    const parts = buffers.ids.map((id) => [id, buffers.get(id)?.stateDict() ?? []] as const);
    return { ...state(), buffers: Object.fromEntries(parts) };
  }

  /** Becomes what was saved: tasks that ran are queued again, counters go on. Before `start()`, or right after it. */
  loadStateDict(saved: CoordinatorState): void {
    if (this.state === "idle") {
      this.#saved = saved;
      return;
    }
    const { buffers, loadState } = this.#parts;
    for (const [id, parts] of Object.entries(saved.buffers)) buffers.restore(id, parts);
    loadState(saved);
  }

  dealWithCollectorSendData(taskId: string, bufferId: string, dataId: string, data: unknown) {
    return this.#parts.dealings.collectorSendData(taskId, { bufferId, dataId, data });
  }

  dealWithCollectorJudgeFinish(taskId: string, info: unknown): boolean {
    return this.#parts.dealings.collectorJudgeFinish(taskId, info);
  }

  dealWithCollectorFinishTask(taskId: string, finished: unknown): void {
    this.#parts.dealings.collectorFinishTask(taskId, finished);
    this.#parts.dispatcher.look();
  }

  dealWithLearnerGetData(taskId: string, bufferId: string, batchSize: number, iter: number) {
    return this.#parts.dealings.learnerGetData(taskId, { bufferId, batchSize, iter });
  }

  dealWithLearnerSendInfo(taskId: string, bufferId: string, info: unknown): void {
    this.#parts.dealings.learnerSendInfo(taskId, bufferId, info);
  }

  dealWithLearnerJudgeFinish(taskId: string, info: unknown): boolean {
    return this.#parts.dealings.learnerJudgeFinish(taskId, info);
  }

  dealWithLearnerFinishTask(taskId: string, result: unknown): void {
    this.#parts.dealings.learnerFinishTask(taskId, result);
    this.#parts.dispatcher.look();
  }

  dealWithIncreaseCollector(): void {
    this.#parts.run.increase();
    this.#parts.dispatcher.look();
  }

  dealWithDecreaseCollector(): void {
    this.#parts.run.decrease();
  }

  /** What status, metrics and page are read from. */
  facts(): CoordinatorFacts {
    if (this.#last) return this.#last;
    const now = this.#clock.now();
    const told = { state: this.state, reached: this.#isReached, uptimeMs: now - this.#startedAt };
    return { ...this.#parts.facts(now), ...told };
  }

  /** What `GET /status` says. */
  status(): Record<string, unknown> {
    const own = { role: "coordinator", version: VERSION, boot: this.#boot, pid: process.pid };
    return { ...own, port: this.port, ...statusOf(this.facts()) };
  }

  /** How the run went; also after its end. Undefined when it never came to work. */
  summary(): Summary | undefined {
    return this.#assembly ? summaryOf(this.facts()) : undefined;
  }

  protected override async onStart(resources: AsyncDisposableStack): Promise<void> {
    const { token, insecure = false } = this.#options;
    checkListen({ ...this.#place, insecure }, token);
    this.#assembly = await assemble(resources, {
      options: { ...this.#options, ...this.#place, snapshotDir: this.#snapshotDir },
      settings: this.settings,
      boot: this.#boot,
      clock: this.#clock,
      log: this.#log,
      signal: this.stopping,
      facts: () => this.facts(),
      status: () => this.status(),
      stop: () => this.shutdown(),
      error: (text) => this.error(text),
      onListening: (listening) => void (this.#listening = listening),
      onReached: () => {
        this.#isReached = true;
        this.info("the goal is reached");
        this.shutdown();
      },
      onFault: (error) => void this.#failWith(error),
    });
    if (this.#saved) this.loadStateDict(this.#saved);
    this.#saved = undefined;
    this.#isReached = this.#assembly.run.isReached;
    if (!this.#isReached) return this.#assembly.begin();
    this.info("the goal was reached before");
    this.shutdown();
  }

  protected override async onDrain(deadline: AbortSignal): Promise<void> {
    const assembly = this.#assembly;
    if (!assembly) return;
    await this.#settle(this.#isReached ? REACHED_MS : this.#graceMs * DRAIN_SHARE, deadline);
    await assembly.snapshots.save().catch((thrown: unknown) => {
      this.error(`the state could not be saved: ${messageOf(thrown)}`);
    });
    this.#last = this.facts();
  }

  /** Whatever the workers do ends; what they do not end by then is cut. */
  async #settle(drainMs: number, deadline: AbortSignal): Promise<void> {
    const { dispatcher, weights } = this.#parts;
    const late = new DingError("service.stopping", "The coordinator has stopped");
    await abortable(dispatcher.stop(drainMs), deadline).catch(() => dispatcher.abort(late));
    await weights.flush();
  }

  /** The state is saved first: whoever mends the fault goes on from there. */
  async #failWith(error: DingError): Promise<void> {
    this.error(error.message);
    const assembly = this.#assembly;
    if (assembly) {
      await this.#settle(REACHED_MS, AbortSignal.timeout(2 * REACHED_MS));
      await assembly.snapshots.save().catch((thrown: unknown) => {
        this.error(`the state could not be saved: ${messageOf(thrown)}`);
      });
      this.#last = { ...this.facts(), state: "failed" };
    }
    this.fail(error);
  }

  get #parts(): Assembly {
    return this.#assembly ?? this.#refuse();
  }

  #refuse(): never {
    throw new DingError("state.invalid", `Cannot use coordinator: state is "${this.state}"`, {
      hint: "Use it between start() and close().",
    });
  }

  get #place(): { host: string; port: number } {
    const { coordinator } = this.settings.system;
    const { host = coordinator.host, port = coordinator.port } = this.#options;
    return { host: host ?? "127.0.0.1", port: port ?? DEFAULT_COORDINATOR_PORT };
  }

  get #snapshotDir(): string {
    const { snapshotDir = `./${this.settings.main.expName}/state` } = this.#options;
    return isAbsolute(snapshotDir) ? snapshotDir : resolve(snapshotDir);
  }
}
