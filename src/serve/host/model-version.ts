import { DingError } from "../../core/errors.ts";
import { loggerWith } from "../../core/log.ts";
import type {
  Inference,
  InferEnd,
  InferRequest,
  ModelFacts,
  ModelState,
  Payload,
  ServedModel,
} from "../inference.ts";
import type { ModelReport } from "../worker-protocol.ts";
import { Dispatcher } from "./dispatcher.ts";
import { modelFacts } from "./model-facts.ts";
import type { ModelOptions, UnloadOptions } from "./model-options.ts";
import type { ServedVersion } from "../page/server-facts.ts";
import { Generation } from "./generation.ts";
import { promised } from "./promised.ts";
import {
  downError,
  noStreamError,
  notReadyError,
  stoppingError,
  unloadedError,
} from "./refusals.ts";
import type { ModelSource } from "./source.ts";
import { Streams } from "./streams.ts";

const UNLOADED = "unloaded";

/**
 * One version of a model: its queue, and the workers that have loaded it.
 *
 *   UNAVAILABLE ── load() → LOADING ─→ READY ── load(): the old workers serve until the new ones are ready
 *        ↑                     │          │
 *        └─ cannot be loaded ──┴─ unload() → UNLOADING: what is here is finished
 */
export class ModelVersion implements ServedModel, AsyncDisposable {
  /** Where the next loading finds it: a file of another form may take the place of its own. */
  source: ModelSource;
  readonly #options: ModelOptions;
  readonly #dispatcher: Dispatcher;
  readonly #streams: Streams;
  #state: ModelState = "UNAVAILABLE";
  #reason = "not loaded";
  #report: ModelReport | undefined;
  #current: Generation | undefined;
  readonly #all = new Set<Generation>();
  /** The last of the loadings and unloadings; each begins when the one before it has ended. */
  #turn: Promise<void> = Promise.resolve();
  /** A loading that has not begun: whoever asks for one now means this. */
  #waiting: Promise<void> | undefined;
  /** What is being loaded. */
  #next: Generation | undefined;
  #unloads = 0;
  /** Why nothing is taken any more, where it is not the model's own affair. */
  #leaving: DingError | undefined;
  /** Of generations that have gone. */
  #restarts = 0;
  #down: DingError | undefined;
  #facts: ModelFacts | undefined;
  #factsOf: ModelReport | undefined;

  constructor(options: ModelOptions) {
    const { source, settings } = options;
    this.source = source;
    this.#options = options;
    this.#streams = new Streams({
      ...options,
      pieceTimeoutMs: settings.predictTimeoutMs,
      onWaiting: () => this.#dispatcher.pumpSoon(),
      isWorkerWanted: () => this.#dispatcher.queuedRows > 0 || this.#streams.areWaiting,
    });
    this.#dispatcher = new Dispatcher({
      ...options,
      name: source.name,
      batchSize: settings.batchSize,
      streams: this.#streams,
    });
  }

  /** The same object while nothing of it changes: every request asks. */
  get facts(): ModelFacts {
    const { state } = this;
    const reason = this.#down?.message ?? this.#reason;
    const known = this.#facts;
    if (known?.state !== state || known.reason !== reason || this.#factsOf !== this.#report) {
      this.#facts = modelFacts(this.source, this.#report, {
        state,
        reason,
        batchSize: this.#options.settings.batchSize,
      });
      this.#factsOf = this.#report;
    }
    return this.#facts as ModelFacts;
  }

  /** "ocr@2"; the version only where it is not the first. */
  get label(): string {
    const { name, version } = this.source;
    return version === "1" ? name : `${name}@${version}`;
  }

  /** What people may see of it, as it is now. */
  get seen(): ServedVersion {
    const { queuedRequests, queuedRows } = this.#dispatcher;
    const generations = [...this.#all];
    return {
      facts: this.facts,
      queuedRequests,
      queuedRows,
      restarts: this.#restarts + generations.reduce((sum, one) => sum + one.restarts, 0),
      workers: generations.flatMap((one) => one.facts(one === this.#current)),
    };
  }

  /** Was it unloaded by somebody? Then only he loads it again. */
  get isUnloaded(): boolean {
    return this.#state === "UNAVAILABLE" && this.#reason === UNLOADED;
  }

  /** Was it served, and has no worker any more? */
  get isDown(): boolean {
    return this.#state === "READY" && this.#down !== undefined;
  }

  /** Has its plugin routes of its own? Known once it is loaded. */
  get hasRoutes(): boolean {
    return this.#report?.routes === true;
  }

  get state(): ModelState {
    return this.isDown ? "UNAVAILABLE" : this.#state;
  }

  /** How busy the workers that take batches now are, for who decides about their number. */
  get pressure():
    | { generation: object; workers: number; busy: number; queued: number }
    | undefined {
    const generation = this.#current;
    if (!generation) return undefined;
    const { ready: workers, busy } = generation;
    return { generation, workers, busy, queued: this.#dispatcher.queuedRows };
  }

  /** Brings workers up, and takes them in the place of those that are there; the old ones stay if it fails. */
  load(): Promise<void> {
    if (this.#waiting) return this.#waiting;
    const unloads = this.#unloads;
    this.#waiting = this.#inTurn(() => {
      this.#waiting = undefined;
      return this.#load(() => this.#unloads === unloads);
    });
    return this.#waiting;
  }

  /** Takes no more, finishes what is here, and lets the workers go; what is being loaded is not waited for. */
  async unload({ deadline, leaving }: UnloadOptions = {}): Promise<void> {
    this.#leaving = leaving;
    this.#stopLoading();
    if (this.#current) this.#state = "UNLOADING";
    await this.#inTurn(async () => {
      if (this.#current) this.#state = "UNLOADING";
      await Promise.all([this.#dispatcher.empty(deadline), this.#streams.empty(deadline)]);
      await this.#release(UNLOADED);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopLoading();
    await this.#release("the server has stopped");
  }

  infer(request: InferRequest): Promise<Inference> {
    return promised((done) => this.ask(request, done));
  }

  ask(request: InferRequest, done: (end: InferEnd) => void): void {
    this.#dispatcher.ask(request, this.#refusal(), done);
  }

  stream(request: InferRequest): AsyncIterable<Payload> {
    const { name } = this.source;
    const refusal = this.#refusal() ?? (this.#report?.streams ? undefined : noStreamError(name));
    const generation = this.#current;
    if (refusal || !generation) throw refusal ?? stoppingError(name);
    return this.#streams.open(request);
  }

  /** So many workers more than it was told to have; a loading brings back the number that it was told. */
  async expand(extra: number): Promise<void> {
    await this.#current?.resize(this.#options.settings.workers + extra);
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.catch(() => {}).then(run);
    return this.#turn;
  }

  #stopLoading(): void {
    this.#unloads += 1;
    this.#waiting = undefined;
    void this.#next?.[Symbol.asyncDispose]();
  }

  async #release(reason: string): Promise<void> {
    this.#state = "UNAVAILABLE";
    this.#reason = reason;
    this.#down = undefined;
    this.#current = undefined;
    this.#dispatcher.use(undefined);
    const error = this.#leaving ?? stoppingError(this.source.name);
    this.#dispatcher.failAll(error);
    this.#streams.failAll(error);
    const all = [...this.#all];
    this.#all.clear();
    await Promise.all(all.map((generation) => generation[Symbol.asyncDispose]()));
  }

  #refusal(): DingError | undefined {
    if (this.#leaving) return this.#leaving;
    if (this.#down) return downError(this.source.name, this.#down);
    if (this.#state === "READY" || (this.#current && this.#state === "LOADING")) return undefined;
    if (this.#state === "UNLOADING") return stoppingError(this.source.name);
    return notReadyError(this.source.name, this.#state, this.#reason);
  }

  async #load(isWanted: () => boolean): Promise<void> {
    const { settings, clock, log } = this.#options;
    const { source } = this;
    if (!isWanted()) throw unloadedError(source.name);
    if (!this.#current) [this.#state, this.#reason] = ["LOADING", ""];
    const startedMs = clock.now();
    const next: Generation = new Generation({
      source,
      settings,
      clock,
      log: loggerWith(log, { model: this.label }),
      onStatistic: (numbers) => this.#options.statistics.onStatistic(numbers),
      onRoom: () => {
        if (this.#current !== next) return;
        this.#down = undefined;
        this.#dispatcher.pumpSoon();
      },
      onDown: (error) => {
        if (this.#current !== next) return;
        this.#down = error;
        const told = downError(source.name, error);
        this.#dispatcher.failAll(told);
        this.#streams.failAll(told);
      },
    });
    this.#all.add(next);
    this.#next = next;
    try {
      const report = await next.start();
      if (!isWanted()) throw unloadedError(source.name);
      this.#report = report;
    } catch (thrown) {
      await next[Symbol.asyncDispose]();
      this.#all.delete(next);
      if (!isWanted()) throw unloadedError(source.name);
      if (!this.#current && this.#state === "LOADING") this.#state = "UNAVAILABLE";
      if (!this.#current) this.#reason = DingError.from(thrown).message;
      throw thrown;
    } finally {
      this.#next = undefined;
    }
    const old = this.#current;
    this.#current = next;
    this.#down = undefined;
    this.#reason = "";
    this.#state = "READY";
    this.#dispatcher.use(next);
    const ms = Math.round(clock.now() - startedMs);
    log.info(`model "${this.label}" is loaded`, { workers: settings.workers, ms });
    if (old) void this.#retire(old);
  }

  /** What it has may finish, for as long as a stop would let it. */
  async #retire(old: Generation): Promise<void> {
    const { clock, settings } = this.#options;
    const late = new AbortController();
    using _limit = clock.after(settings.drainTimeoutMs, () => late.abort());
    await old.retire(late.signal);
    this.#all.delete(old);
    this.#restarts += old.restarts;
  }
}
