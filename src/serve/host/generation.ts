import { join, resolve } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { Pool } from "../../pool/pool.ts";
import type { PoolTask } from "../../pool/assignment.ts";
import { DEFAULT_RESTART } from "../../pool/restart-policy.ts";
import { indexOf } from "../../pool/worker-id.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { Body } from "../../rpc/message.ts";
import type { Peer } from "../../rpc/peer.ts";
import { spawnSelf } from "../../runtime/self.ts";
import { CPU, deviceEnv, deviceOf } from "../devices.ts";
import type { ServeWorkerFacts } from "../page/server-facts.ts";
import { createSharedMemory, type SharedMemory } from "../shared-memory.ts";
import {
  WORKER_EVENTS,
  WORKER_METHODS,
  type ModelReport,
  type WorkerSetUp,
} from "../worker-protocol.ts";
import { withName } from "./load-error.ts";
import { changedError, loadingError } from "./refusals.ts";
import { hasSameFace } from "./same-face.ts";
import type { ModelSource } from "./source.ts";
import { standingStill, StandingStillWatch } from "./standing-still.ts";
import { UnderWay } from "./under-way.ts";
import type { WorkerSettings } from "../worker-settings.ts";

/** What a generation needs. */
export interface GenerationOptions {
  readonly source: ModelSource;
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly log: Logger;
  /** A worker can take a batch that could not before. */
  readonly onRoom: () => void;
  /** What a model records as it loads. */
  readonly onStatistic: (numbers: Record<string, number>) => void;
  /** No worker is left, and the next one does not come up either. */
  readonly onDown: (error: DingError) => void;
}

/** A plugin may have something to close. */
const STOP_GRACE_MS = 3_000;
/** Without any worker for longer than this requests are answered with 503. */
const SILENCE_MS = 3_000;
/** A late batch is not asked long: nothing in it can answer before it is over. */
const CANCEL_GRACE_MS = 50;

/** The workers that one loading of a model has brought up. A later loading is another generation. */
export class Generation implements AsyncDisposable {
  /** Have its workers been told to go, whatever they were at? */
  isGone = false;
  readonly memory: SharedMemory | undefined;
  readonly #options: GenerationOptions;
  readonly #pool: Pool;
  readonly #devices = new Map<string, string>();
  #report: ModelReport | undefined;
  /** Since one came up. */
  #failedStarts = 0;
  #silence: Disposable | undefined;
  readonly #underWay = new UnderWay();
  readonly #watch: StandingStillWatch;

  constructor(options: GenerationOptions) {
    this.#options = options;
    const { settings, source, clock, log, onRoom } = options;
    const { workerOutput } = settings;
    const most = settings.workers + settings.numWorkerExpanded;
    this.#watch = new StandingStillWatch({ clock, log, busy: () => this.#busy() });
    this.memory = createSharedMemory({ workers: most });
    this.#pool = new Pool({
      size: settings.workers,
      mostAhead: 1,
      maxTasksPerWorker: settings.maxBatchesPerWorker,
      cancelGraceMs: CANCEL_GRACE_MS,
      stopGraceMs: STOP_GRACE_MS,
      spawn: (workerId) =>
        spawnSelf(
          ["_worker", "serve"],
          {
            DING_WORKER_ID: workerId,
            DING_WORKER_LOG_LEVEL: settings.logLevel,
            // Native code reads it as the process starts: what is set later it does not see.
            ...deviceEnv(this.#deviceOf(indexOf(workerId))),
          },
          workerOutput && ((line) => workerOutput(line, { model: source.name, worker: workerId })),
        ),
      setUp: (peer, workerId) => this.#setUp(peer, workerId),
      setUpTimeoutMs: settings.loadTimeoutMs,
      restart: { ...DEFAULT_RESTART, mostFailedStarts: Infinity },
      clock,
      log,
      onRoom: () => {
        this.#failedStarts = 0;
        this.#endSilence();
        onRoom();
      },
      onBroken: (error) => options.onDown(error),
      onFailedStart: (error) => this.#onFailedStart(error),
      onCrash: () => this.#onSilence(loadingError()),
    });
  }

  /** Brings all workers up; rejects when one cannot load the model. */
  async start(): Promise<ModelReport> {
    try {
      await this.#pool.start();
    } catch (thrown) {
      throw withName(DingError.from(thrown), this.#options.source.name);
    }
    return this.report;
  }

  get report(): ModelReport {
    if (!this.#report) {
      throw new DingError("internal.bug", "Cannot report on a generation: it is not up");
    }
    return this.#report;
  }

  /** How many workers would begin a batch at once; with `ahead` also those where it would lie ready behind a short one. */
  free(options?: { ahead: boolean }): number {
    return this.#pool.free(options);
  }

  /** How many workers are alive and have loaded the model. */
  get ready(): number {
    return this.#pool.ready;
  }

  /** How many workers are at a batch. */
  get busy(): number {
    return this.#busy().length;
  }

  /** How many workers died and were replaced. */
  get restarts(): number {
    return this.#pool.crashes;
  }

  /** What people may see of its workers. */
  facts(isCurrent: boolean): ServeWorkerFacts[] {
    return this.#pool.workers.map(({ id, pid, state, startedAt }) => ({
      id,
      pid,
      state: isCurrent || state === "starting" ? state : "draining",
      device: this.#devices.get(id) ?? nameOf(this.#deviceOf(indexOf(id))),
      startedAt,
      isExtra: indexOf(id) >= this.#options.settings.workers,
    }));
  }

  /** Hands a batch or a stream to a worker; returns what cancels it. */
  run(
    task: Omit<PoolTask, "timeoutMs">,
    timeoutMs: number = this.#options.settings.predictTimeoutMs,
  ): () => void {
    this.#underWay.begin();
    this.#watch.lookSoon();
    return this.#pool.run({
      method: task.method,
      meta: task.meta,
      body: task.body,
      cancelGraceMs: task.cancelGraceMs,
      timeoutMs,
      reply: (body) => {
        this.#underWay.end();
        task.reply(body);
      },
      fail: (error) => {
        this.#underWay.end();
        task.fail(error);
      },
      event: (name, body) => task.event(name, body),
      taken: (worker, desert) => task.taken?.(worker, desert),
      settled: () => task.settled?.(),
      late: (worker) => standingStill(worker, this.#options.log),
    });
  }

  resize(size: number): Promise<void> {
    return this.#pool.resize(size);
  }

  /** Waits until nothing runs any more, or the deadline, and lets the workers go. */
  async retire(deadline?: AbortSignal): Promise<void> {
    await this.#underWay.none(deadline);
    this.isGone = true;
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endSilence();
    this.#watch[Symbol.dispose]();
    await this.#pool[Symbol.asyncDispose]();
    this.memory?.[Symbol.dispose]();
  }

  #busy() {
    return this.#pool.workers.filter(({ state }) => state === "busy");
  }

  /** One that somebody killed as it was starting says nothing of the next; when each has failed, the model is at fault. */
  #onFailedStart(error: DingError): void {
    if (error.details["signal"] === "SIGKILL") return this.#onSilence(error);
    this.#failedStarts += 1;
    if (this.#isHopeless && this.#pool.ready === 0) this.#options.onDown(error);
  }

  /** Their successors may take long to load, or be killed as they do: who asks hears that, after a while. */
  #onSilence(why: DingError): void {
    if (this.#pool.ready > 0) return;
    this.#silence ??= this.#options.clock.after(SILENCE_MS, () => {
      this.#endSilence();
      if (this.#pool.ready === 0 && !this.#isHopeless) this.#options.onDown(why);
    });
  }

  #endSilence(): void {
    this.#silence?.[Symbol.dispose]();
    this.#silence = undefined;
  }

  get #isHopeless(): boolean {
    return this.#failedStarts > this.#options.settings.workers;
  }

  async #setUp(peer: Peer, workerId: string): Promise<void> {
    const { source, settings } = this.#options;
    this.memory?.takeBack(workerId);
    const device = this.#deviceOf(indexOf(workerId));
    const modelDir = resolve(settings.modelDir);
    const tmpDir = join(modelDir, settings.tmpFolder);
    const meta: WorkerSetUp = {
      ...source,
      modelDir,
      modelName: settings.modelName,
      tmpDir,
      workerId,
      device,
      gpuMemoryFraction: settings.gpuMemoryFraction,
      batchSize: settings.batchSize,
      sharedMemory: this.memory?.lend(workerId),
    };
    const body = await this.#ask(peer, meta);
    const report = msgpack.decode(body ?? new Uint8Array()) as ModelReport;
    if (this.#report && !hasSameFace(this.#report, report)) throw changedError();
    if (meta.sharedMemory && !report.sharesMemory) this.memory?.disable();
    this.#devices.set(workerId, report.device);
    this.#report = report;
  }

  /** A model may record numbers as it loads. */
  #ask(peer: Peer, meta: WorkerSetUp): Promise<Body> {
    return new Promise((reply, reject) => {
      peer.call(WORKER_METHODS.SET_UP, meta, undefined, {
        reply,
        fail: (record) => reject(DingError.fromRecord(record)),
        event: (name, told) => {
          if (name !== WORKER_EVENTS.STATISTIC || !told) return;
          this.#options.onStatistic(msgpack.decode(told) as Record<string, number>);
        },
      });
    });
  }

  #deviceOf(index: number): number {
    const { workers, devices, expandDevices } = this.#options.settings;
    const isAdded = index >= workers && expandDevices.length > 0;
    return isAdded ? deviceOf(expandDevices, index - workers) : deviceOf(devices, index);
  }
}

function nameOf(device: number): string {
  return device === CPU ? "cpu" : `cuda:${device}`;
}
