import type { Clock } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { backoffMs } from "../../core/retry.ts";
import { delay } from "../../core/wait.ts";
import type { SlaveConnection } from "../../master/connection.ts";
import type { Master } from "../../master/master.ts";
import type { WorkerCounts } from "../commander/commander.ts";
import type { WorkerRole } from "../plugin/worker-verbs.ts";
import { Worker, type WorkerOrigin } from "./worker.ts";

/** A worker by address. */
export interface WorkerPlace {
  id: string;
  host: string;
  port: number;
  /** Undefined: what it says itself. */
  role: WorkerRole | undefined;
  origin: WorkerOrigin;
}

/** What a roster stands on. */
export interface RosterOptions {
  master: Master;
  clock: Clock;
  log: Logger;
  callTimeoutMs: number;
  /** Workers came, went, became idle or stopped taking tasks. */
  onChanged: () => void;
  /** A worker is gone, and its task with it. */
  onGone: (worker: Worker) => void;
  /** A worker is to take no more tasks: its task is to end soon. */
  onDraining: (worker: Worker) => void;
}

const REDIAL = { minMs: 200, maxMs: 10_000, jitter: 0.3 };

/** The workers of a run: those that are dialled and kept, and those that have joined. */
export class Roster implements AsyncDisposable {
  readonly #options: RosterOptions;
  readonly #workers = new Map<string, Worker>();
  /** Addresses that are dialled until they are let go of. */
  readonly #kept = new Map<string, { place: WorkerPlace; ending: AbortController }>();
  /** Why a slave that joins again and again is not used: told once. */
  readonly #problems = new Map<string, string>();
  /** Processes that were let go of: they dial again, and are not wanted. */
  readonly #banned = new Set<string>();

  constructor(options: RosterOptions) {
    this.#options = options;
    options.master.onJoin((connection) => this.#join(connection));
  }

  /** Those that are there, in the order in which they came. */
  get workers(): readonly Worker[] {
    return [...this.#workers.values()];
  }

  /** Addresses that are dialled. */
  get places(): readonly WorkerPlace[] {
    return [...this.#kept.values()].map(({ place }) => place);
  }

  /** Those that take tasks, or have one and will. */
  get counts(): WorkerCounts {
    const taking = this.workers.filter(({ state }) => state === "idle" || state === "busy");
    const count = (role: WorkerRole): number => taking.filter((one) => one.role === role).length;
    return {
      collectors: count("collector"),
      learners: count("learner"),
      evaluators: count("evaluator"),
    };
  }

  get(id: string): Worker | undefined {
    return this.#workers.get(id);
  }

  /** May the process of this boot join? Not one that was let go of. */
  admits(boot: string): boolean {
    return !this.#banned.has(boot);
  }

  /** Dials a worker, and dials it again whenever it is gone, until it is removed. Twice is once. */
  keep(place: WorkerPlace): void {
    if (this.#kept.has(place.id)) return;
    const ending = new AbortController();
    this.#kept.set(place.id, { place, ending });
    void this.#dial(place, ending.signal);
  }

  /** It takes no more tasks; the one that it has is to end soon. `http.not-found` when it is not there. */
  drain(id: string): Worker {
    const worker = this.#workers.get(id);
    if (!worker) {
      const ids = [...this.#workers.keys()].join(", ") || "none";
      throw new DingError("http.not-found", `Cannot find worker "${id}": there are ${ids}`);
    }
    this.#drain(worker);
    return worker;
  }

  /** As `drain()`, and when its task has ended it is let go of, and not taken back. */
  remove(id: string): void {
    this.#kept.get(id)?.ending.abort();
    const wasKept = this.#kept.delete(id);
    if (!this.#workers.has(id) && wasKept) return;
    const worker = this.drain(id);
    worker.isLeaving = true;
    if (worker.taskId === undefined) this.#letGo(worker);
  }

  /** Its slave is to stop by itself. */
  leaving(worker: Worker): void {
    if (worker.state === "busy" || worker.state === "idle") this.#drain(worker);
  }

  /** The worker gets a task. */
  occupy(worker: Worker, taskId: string): void {
    worker.taskId = taskId;
    worker.state = "busy";
  }

  /** Its task has ended, in whatever way. */
  release(worker: Worker): void {
    worker.taskId = undefined;
    if (worker.state === "busy") {
      worker.state = "idle";
      worker.idleSince = this.#options.clock.now();
    } else if (worker.isLeaving && worker.state !== "gone") this.#letGo(worker);
    this.#options.onChanged();
  }

  /** What it does is not known any more: it is let go of, and may come back. */
  distrust(worker: Worker, reason: string): void {
    this.#options.log.warn(`worker ${worker.id} is let go: ${reason}`);
    worker.state = "gone";
    worker.connection.abandon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { ending } of this.#kept.values()) ending.abort();
    this.#kept.clear();
  }

  #drain(worker: Worker): void {
    if (worker.state === "draining" || worker.state === "gone") return;
    worker.state = "draining";
    if (worker.taskId !== undefined) this.#options.onDraining(worker);
    this.#options.onChanged();
  }

  #letGo(worker: Worker): void {
    const { master, log } = this.#options;
    const boot = master.bootOf(worker.connection);
    if (boot !== undefined) this.#banned.add(boot);
    worker.connection.disconnect().catch((thrown: unknown) => {
      log.warn(`worker ${worker.id} cannot be let go: ${messageOf(thrown)}`);
      worker.connection.abandon();
    });
  }

  #join(connection: SlaveConnection): void {
    const boot = this.#options.master.bootOf(connection);
    if (boot !== undefined && this.#banned.has(boot)) return connection.abandon();
    const { name } = connection;
    const taken = this.#take(connection, undefined, "joined");
    taken.then(
      () => this.#problems.delete(name),
      (thrown: unknown) => {
        const problem = messageOf(thrown);
        if (this.#problems.get(name) !== problem) {
          this.#options.log.warn(`slave ${name} is not used: ${problem}`);
        }
        this.#problems.set(name, problem);
        // It dials again, and would come to nothing again.
        if (boot !== undefined && isFinal(thrown)) this.#banned.add(boot);
        connection.abandon();
      },
    );
  }

  async #dial({ id, host, port, role, origin }: WorkerPlace, signal: AbortSignal): Promise<void> {
    const { master, log } = this.#options;
    let lastProblem = "";
    for (let attempt = 1; !signal.aborted; attempt++) {
      const connection = master.newConnection(id, host, port);
      try {
        await connection.connect({ signal });
        await this.#take(connection, role, origin);
        attempt = 0;
        lastProblem = "";
        await connection.closed;
      } catch (thrown) {
        if (connection.isConnected) connection.abandon();
        if (signal.aborted) return;
        const problem = messageOf(thrown);
        if (problem !== lastProblem) log.warn(`cannot reach worker ${id}: ${problem}`);
        lastProblem = problem;
      }
      await delay(backoffMs(REDIAL, Math.max(1, attempt)), signal).catch(() => {});
    }
  }

  /** Takes in a slave that is connected; rejects when it cannot be a worker. */
  async #take(
    connection: SlaveConnection,
    role: WorkerRole | undefined,
    origin: WorkerOrigin,
  ): Promise<void> {
    const { clock, log, callTimeoutMs, onChanged, onGone } = this.#options;
    const local = connection.name.startsWith(LOCAL_PREFIX) && origin === "joined";
    const worker = new Worker(connection, local ? "local" : origin);
    this.#workers.set(worker.id, worker);
    void connection.closed.then((error) => {
      worker.state = "gone";
      if (this.#workers.get(worker.id) === worker) this.#workers.delete(worker.id);
      const isPolite = error instanceof DingError && error.details["goodbye"] === true;
      if (isPolite) log.info(`worker ${worker.id} has left`);
      else if (error) log.warn(`worker ${worker.id} is gone: ${error.message}`);
      onGone(worker);
      onChanged();
    });
    await worker.introduce(role, callTimeoutMs);
    if (worker.state !== "joining") return;
    worker.state = "idle";
    worker.idleSince = clock.now();
    const { pid, resources } = worker;
    log.info(`worker ${worker.id} is here as ${worker.role}`, { pid, ...resources });
    onChanged();
  }
}

/** What workers are called that the coordinator starts itself. */
export const LOCAL_PREFIX = "local-";

function isFinal(thrown: unknown): boolean {
  return thrown instanceof DingError && thrown.code === "peer.refused";
}
