import type { ChildProcess } from "node:child_process";
import type { Clock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Body } from "../rpc/message.ts";
import type { Peer } from "../rpc/peer.ts";
import { Assignment, type AssignmentHome, type PoolTask } from "./assignment.ts";
import { Line, type LineLimits } from "./line.ts";
import { RestartPolicy, type RestartOptions } from "./restart-policy.ts";
import { exitError, WorkerProcess, type WorkerExit } from "./worker-process.ts";

/** How a pool makes and treats its workers. */
export interface PoolOptions extends LineLimits {
  size: number;
  spawn: (workerId: string) => ChildProcess;
  /** Brings a fresh worker to readiness. */
  setUp: (peer: Peer, workerId: string) => Promise<void>;
  setUpTimeoutMs: number;
  /** How long a cancelled or late task may take to end by itself before its worker is killed. */
  cancelGraceMs: number;
  restart: RestartOptions;
  clock: Clock;
  log: Logger;
  /** Called once when workers no longer come up. */
  onBroken: (error: DingError) => void;
}

/** What the outside may know of a worker. */
export interface WorkerFacts {
  id: string;
  pid: number;
  state: "starting" | "idle" | "busy";
  tasks: number;
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
  readonly #idle: Line[] = [];
  /** Replaced, but not gone yet. */
  readonly #retiring = new Set<WorkerProcess>();
  readonly #readyWaiters: PromiseWithResolvers<WorkerProcess>[] = [];
  readonly #queue: Assignment[] = [];
  readonly #timers = new Set<Disposable>();
  #isClosed = false;
  #lastOrder = 0;

  constructor(options: PoolOptions) {
    this.clock = options.clock;
    this.cancelGraceMs = options.cancelGraceMs;
    this.#options = options;
    this.#policy = new RestartPolicy(options.restart);
  }

  /** Starts all workers; resolves when every one is ready, rejects when one cannot be. */
  async start(): Promise<void> {
    const ids = Array.from({ length: this.#options.size }, (_, index) => idOf(index));
    await Promise.all(ids.map((id) => this.#startWorker(id)));
  }

  get workers(): WorkerFacts[] {
    return [...this.#workers.values()].map((worker) => {
      const { id, pid, tasks, isReady } = worker;
      const isIdle = this.#idle.some((line) => line.worker === worker);
      const state = isIdle ? "idle" : isReady ? "busy" : "starting";
      return { id, pid, state, tasks };
    });
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
    if (line) line.add(assignment);
    else this.#queue.push(assignment);
    return () => {
      const index = this.#queue.indexOf(assignment);
      if (index >= 0) this.#queue.splice(index, 1);
      assignment.cancel();
    };
  }

  /** Asks the first worker that is ready something beside its work; waits while there is none. */
  async ask(method: string, meta: unknown, body: Body): Promise<Body> {
    const worker = await this.#firstReady();
    return worker.peer.request(method, meta, body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const waiting of this.#queue.splice(0)) {
      waiting.abandon(STOPPED);
    }
    for (const waiter of this.#readyWaiters.splice(0)) {
      waiter.reject(new DingError(STOPPED.code, STOPPED.message));
    }
    const workers = [...this.#workers.values(), ...this.#retiring];
    for (const worker of workers) worker.stop();
    using _killer = this.#options.clock.after(STOP_GRACE_MS, () => {
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
      if (isLate) throw lateError(setUpTimeoutMs);
      const error = thrown instanceof DingError ? thrown : exitError(exit);
      throw error.code === "worker.exited" ? loadExitError(error) : error;
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
  }

  /** One that has died, of which the system has not told yet, is passed over: it would fail the work. */
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
    for (let index = 0; index < this.#options.size; index++) {
      const worker = this.#workers.get(idOf(index));
      if (worker?.isReady && worker.isReachable) return Promise.resolve(worker);
    }
    if (this.#isClosed) {
      return Promise.reject(new DingError(STOPPED.code, STOPPED.message));
    }
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
      line.add(next);
    }
    if (line.isEmpty && !this.#idle.includes(line)) this.#idle.push(line);
  }

  #onAnswered(line: Line, isWell: boolean): void {
    if (isWell) this.#policy.onSuccess();
    const { worker } = line;
    const { maxTasksPerWorker } = this.#options;
    const isSpent = maxTasksPerWorker > 0 && worker.tasks >= maxTasksPerWorker;
    if (isSpent && line.isEmpty) this.#retire(line);
    else this.#offer(line);
  }

  /** Replaces a worker that has done nothing wrong. */
  #retire(line: Line): void {
    const { worker } = line;
    this.#lines.delete(line);
    this.#workers.delete(worker.id);
    this.#retiring.add(worker);
    void worker.gone.then(() => this.#retiring.delete(worker));
    worker.stop();
    this.#after(STOP_GRACE_MS, () => worker.kill());
    this.#replace(worker.id, 0);
  }

  #onGone(worker: WorkerProcess, exit: WorkerExit): void {
    for (const line of this.#lines) if (line.worker === worker) this.#forget(line);
    if (this.#workers.get(worker.id) !== worker || this.#isClosed) return;
    this.#workers.delete(worker.id);
    const { log, clock } = this.#options;
    const waitMs = worker.isKilledOnPurpose
      ? 0
      : this.#policy.onCrash(clock.now() - worker.startedAt);
    log.warn(`worker ${worker.id} is gone, starting another`, { ...exit, pid: worker.pid, waitMs });
    this.#replace(worker.id, waitMs);
  }

  #forget(line: Line): void {
    this.#lines.delete(line);
    const index = this.#idle.indexOf(line);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  #replace(id: string, waitMs: number): void {
    this.#after(waitMs, () => {
      this.#startWorker(id).catch((thrown: unknown) => this.#onFailedStart(id, thrown));
    });
  }

  #onFailedStart(id: string, thrown: unknown): void {
    if (this.#isClosed) return;
    const error = DingError.from(thrown);
    const waitMs = this.#policy.onFailedStart();
    if (waitMs === undefined) return this.#options.onBroken(error);
    this.#options.log.error(`worker ${id} does not start: ${error.message}`, { waitMs });
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

function idOf(index: number): string {
  return `w${index}`;
}

/** No task was lost by it: the plugin, or what the process needs, is at fault. */
function loadExitError(cause: DingError): DingError {
  const how = cause.message.replace(/^The/, "the");
  return new DingError("plugin.invalid", `Cannot load plugin: ${how} before it was ready`, {
    hint: "Look at what the plugin does at its top level, and at the lines it has printed.",
    details: cause.details,
    cause,
  });
}

/** A plugin that does not get ready in time. */
export function lateError(ms: number): DingError {
  return new DingError("plugin.invalid", `Cannot load plugin: it took longer than ${ms} ms`, {
    hint: "Look for a wait at the top level of the plugin, or raise --load-timeout-ms.",
  });
}
