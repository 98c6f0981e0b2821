import type { Clock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import type { Body } from "../rpc/message.ts";
import { Assignment, type AssignmentHome, type PoolTask } from "./assignment.ts";
import { Line } from "./line.ts";
import type { PoolOptions } from "./pool-options.ts";
import { Recaller } from "./recaller.ts";
import { RestartPolicy } from "./restart-policy.ts";
import { startError } from "./start-error.ts";
import type { ProcessExit } from "../runtime/child-process.ts";
import { idOf, indexOf } from "./worker-id.ts";
import { WorkerProcess } from "./worker-process.ts";

/** What the outside may know of a worker. */
export interface WorkerFacts {
  id: string;
  pid: number;
  state: "starting" | "idle" | "busy";
  tasks: number;
  /** On the pool's clock. */
  startedAt: number;
}

const STOP_GRACE_MS = 500;
const STOPPED = { code: "service.stopping", message: "The workers have been stopped" } as const;

/**
 * Worker processes that do one piece of work each at a time; short pieces may
 * lie ready behind it. A worker that dies fails the piece it was at and is
 * replaced, later and later while it keeps dying; work that finds no worker,
 * or has not begun in a dead one, waits for the next.
 */
export class Pool implements AsyncDisposable, AssignmentHome {
  readonly clock: Clock;
  readonly cancelGraceMs: number;
  readonly #options: PoolOptions;
  readonly #policy: RestartPolicy;
  readonly #workers = new Map<string, WorkerProcess>();
  /** Of the workers that are ready. */
  readonly #lines = new Set<Line>();
  readonly #recaller: Recaller;
  readonly #idle: Line[] = [];
  /** Replaced, but not gone yet. */
  readonly #retiring = new Set<WorkerProcess>();
  readonly #readyWaiters: PromiseWithResolvers<WorkerProcess>[] = [];
  readonly #queue: Assignment[] = [];
  readonly #timers = new Set<Disposable>();
  #isClosed = false;
  #isUp = false;
  #size: number;
  #crashes = 0;
  #lastOrder = 0;

  constructor(options: PoolOptions) {
    this.clock = options.clock;
    this.cancelGraceMs = options.cancelGraceMs;
    this.#options = options;
    this.#recaller = new Recaller(options.clock, this.#lines);
    this.#size = options.size;
    this.#policy = new RestartPolicy(options.restart);
  }

  /** Starts all workers; resolves when every one is ready, rejects when one cannot be. */
  async start(): Promise<void> {
    await this.#startMissing();
    this.#isUp = true;
  }

  get workers(): WorkerFacts[] {
    return [...this.#workers.values()].map((worker) => {
      const { id, pid, tasks, isReady, startedAt } = worker;
      const isIdle = this.#idle.some((line) => line.worker === worker);
      const state = isIdle ? "idle" : isReady ? "busy" : "starting";
      return { id, pid, state, tasks, startedAt };
    });
  }

  /** How many workers would begin a piece of work at once; with `ahead` also those where it would lie ready. */
  free({ ahead = false }: { ahead?: boolean } = {}): number {
    if (this.#queue.length > 0) return 0;
    let free = 0;
    for (const line of this.#lines) if (ahead ? line.isOpen : line.isIdle) free += 1;
    return free;
  }

  /** How many workers have died and were replaced. */
  get crashes(): number {
    return this.#crashes;
  }

  /** How many workers are ready, at work or not. */
  get ready(): number {
    return this.#lines.size;
  }

  /** From now on so many workers: more are started, or the last ones leave when they have done what they have. */
  async resize(size: number): Promise<void> {
    this.#size = size;
    for (const line of this.#lines) if (line.isEmpty && this.#isSpare(line)) this.#retire(line);
    await this.#startMissing();
  }

  async #startMissing(): Promise<void> {
    const ids = Array.from({ length: this.#size }, (_, index) => idOf(index));
    const missing = ids.filter((id) => !this.#workers.has(id));
    await Promise.all(missing.map((id) => this.#startWorker(id)));
  }

  #isSpare({ worker }: Line): boolean {
    return indexOf(worker.id) >= this.#size;
  }

  /** True when work may be handed out already, to lie ready in a worker. */
  get hasRoom(): boolean {
    return this.#queue.length === 0 && this.#lineWithRoom() !== undefined;
  }

  /** Hands out the work; returns what cancels it. */
  run(task: PoolTask): () => void {
    const assignment = new Assignment(task, ++this.#lastOrder, this);
    if (this.#isClosed) {
      assignment.abandon(STOPPED);
      return () => {};
    }
    const line = this.#takeIdle() ?? (this.#queue.length === 0 ? this.#lineWithRoom() : undefined);
    if (line) this.#recaller.give(line, assignment);
    else this.#queue.push(assignment);
    return () => {
      const index = this.#queue.indexOf(assignment);
      if (index >= 0) this.#queue.splice(index, 1);
      assignment.cancel();
    };
  }

  /** Asks the first worker that is ready something beside its work; waits while there is none. */
  async ask(method: string, meta: unknown, body: Body): Promise<Body> {
    return (await this.#firstReady()).peer.request(method, meta, body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#recaller[Symbol.dispose]();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const waiting of this.#queue.splice(0)) waiting.abandon(STOPPED);
    for (const waiter of this.#readyWaiters.splice(0)) {
      waiter.reject(new DingError(STOPPED.code, STOPPED.message));
    }
    const workers = [...this.#workers.values(), ...this.#retiring];
    for (const worker of workers) worker.stop();
    using _killer = this.#options.clock.after(this.#stopGraceMs, () => {
      for (const worker of workers) worker.kill();
    });
    await Promise.all(workers.map((worker) => worker.gone));
  }

  async #startWorker(id: string): Promise<void> {
    const { spawn, setUp, setUpTimeoutMs, clock } = this.#options;
    const worker = new WorkerProcess(id, spawn(id), clock);
    this.#workers.set(id, worker);
    let isLate = false;
    using _timer = clock.after(setUpTimeoutMs, () => {
      isLate = true;
      worker.kill();
    });
    try {
      await setUp(worker.peer, id);
    } catch (thrown) {
      worker.kill();
      const exit = await worker.gone;
      this.#workers.delete(id);
      throw startError(thrown, exit, isLate ? setUpTimeoutMs : undefined);
    }
    worker.isReady = true;
    this.#policy.onReady();
    void worker.gone.then((exit) => this.#onGone(worker, exit));
    for (const waiter of this.#readyWaiters.splice(0)) waiter.resolve(worker);
    const line = new Line(worker, this.#options, (one, isWell) => this.#onAnswered(one, isWell));
    this.#lines.add(line);
    this.#offer(line);
  }

  /** For Assignment: it goes before all that came later. */
  onReturned(assignment: Assignment): void {
    if (this.#isClosed) return assignment.abandon(STOPPED);
    const later = this.#queue.findIndex(({ order }) => order > assignment.order);
    this.#queue.splice(later < 0 ? this.#queue.length : later, 0, assignment);
    const idle = this.#takeIdle();
    if (idle) this.#offer(idle);
  }

  /** One that has died, of which the system has not told yet, is passed over. */
  #takeIdle(): Line | undefined {
    let line = this.#idle.shift();
    while (line && !line.worker.isReachable) line = this.#idle.shift();
    return line;
  }

  #lineWithRoom(): Line | undefined {
    for (const line of this.#lines) if (line.hasRoom) return line;
    return undefined;
  }

  #firstReady(): Promise<WorkerProcess> {
    for (let index = 0; index < this.#size; index++) {
      const worker = this.#workers.get(idOf(index));
      if (worker?.isReady && worker.isReachable) return Promise.resolve(worker);
    }
    if (this.#isClosed) return Promise.reject(new DingError(STOPPED.code, STOPPED.message));
    const waiter = Promise.withResolvers<WorkerProcess>();
    this.#readyWaiters.push(waiter);
    return waiter.promise;
  }

  /** Gives it what waits; one that has nothing then is idle. */
  #offer(line: Line): void {
    if (!line.worker.isReachable || this.#isClosed) return;
    while (line.isEmpty || line.hasRoom) {
      const next = this.#queue.shift();
      if (!next) break;
      this.#recaller.give(line, next);
    }
    // The one that was at work last goes on: its code is warm, and the others may sleep.
    if (line.isEmpty && !this.#idle.includes(line)) {
      if (line.worker.tasks > 0) this.#idle.unshift(line);
      else this.#idle.push(line);
    }
    this.#options.onRoom?.();
  }

  #onAnswered(line: Line, isWell: boolean): void {
    if (isWell) this.#policy.onSuccess();
    const { maxTasksPerWorker: most } = this.#options;
    const isSpent = most > 0 && line.worker.tasks >= most;
    if (line.isEmpty && (isSpent || this.#isSpare(line))) this.#retire(line);
    else this.#offer(line);
  }

  /** Lets a worker go that has done nothing wrong; another takes its place if there is to be one. */
  #retire(line: Line): void {
    const { worker } = line;
    this.#forget(line);
    this.#workers.delete(worker.id);
    this.#retiring.add(worker);
    void worker.gone.then(() => this.#retiring.delete(worker));
    worker.stop();
    this.#after(this.#stopGraceMs, () => worker.kill());
    this.#replace(worker.id, 0);
  }

  #onGone(worker: WorkerProcess, exit: ProcessExit): void {
    for (const line of this.#lines) if (line.worker === worker) this.#forget(line);
    if (this.#workers.get(worker.id) !== worker || this.#isClosed) return;
    this.#workers.delete(worker.id);
    this.#crashes += 1;
    const { log, clock } = this.#options;
    const livedMs = clock.now() - worker.startedAt;
    const waitMs = worker.isKilledOnPurpose ? 0 : this.#policy.onCrash(livedMs);
    log.warn(`worker ${worker.id} is gone, starting another`, { ...exit, pid: worker.pid, waitMs });
    this.#replace(worker.id, waitMs);
    this.#options.onCrash?.();
  }

  #forget(line: Line): void {
    this.#lines.delete(line);
    const index = this.#idle.indexOf(line);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  get #stopGraceMs(): number {
    // Who waits for the word that it does not start need not wait for those that did.
    return (this.#isUp ? this.#options.stopGraceMs : undefined) ?? STOP_GRACE_MS;
  }

  #replace(id: string, waitMs: number): void {
    this.#after(waitMs, () => {
      // There may be fewer workers by now, or one that a change of their number has started.
      if (indexOf(id) >= this.#size || this.#workers.has(id)) return;
      this.#startWorker(id).catch((thrown: unknown) => this.#onFailedStart(id, thrown));
    });
  }

  #onFailedStart(id: string, thrown: unknown): void {
    if (this.#isClosed) return;
    const error = DingError.from(thrown);
    const waitMs = this.#policy.onFailedStart();
    if (waitMs === undefined) return this.#options.onBroken(error);
    this.#options.log.error(`worker ${id} does not start: ${error.message}`, { waitMs });
    this.#options.onFailedStart?.(error);
    this.#replace(id, waitMs);
  }

  #after(ms: number, run: () => void): void {
    const timer = this.#options.clock.after(ms, () => {
      this.#timers.delete(timer);
      if (!this.#isClosed) run();
    });
    this.#timers.add(timer);
  }
}
